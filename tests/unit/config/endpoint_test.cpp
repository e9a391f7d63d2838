#include "config/endpoint.h"

#include <doctest/doctest.h>

#include "config/service_name.h"

using namespace reel::config;

TEST_CASE("an endpoint is tcp with host and port, or ipc with a path") {
  for (const auto* endpoint :
       {"tcp://127.0.0.1:5555", "tcp://*:5555", "tcp://localhost:1", "tcp://[::1]:65535", "tcp://127.0.0.1:*",
        "tcp://eth0:5555", "ipc:///run/reel/broker", "ipc://@reel", "ipc://relative"}) {
    CAPTURE(endpoint);
    CHECK_FALSE(check_endpoint(endpoint));
  }
  CHECK(check_endpoint("").value() == "must be tcp://HOST:PORT or ipc://PATH");
  CHECK(check_endpoint("tcp:/127.0.0.1:5555").value() == "must be tcp://HOST:PORT or ipc://PATH");
  CHECK(check_endpoint("127.0.0.1:5555").value() == "must be tcp://HOST:PORT or ipc://PATH");
  CHECK(check_endpoint("tcp://127.0.0.1").value() == "must end in a port, as in tcp://127.0.0.1:5555");
  CHECK(check_endpoint("tcp://[::1]").value() == "must end in a port, as in tcp://127.0.0.1:5555");
  CHECK(check_endpoint("tcp://:5555").value() ==
        "must name a host before the port, as in tcp://127.0.0.1:5555");
  CHECK(check_endpoint("tcp://::1:5555").value() ==
        "must name a host before the port, as in tcp://127.0.0.1:5555");
  for (const auto* port : {"0", "65536", "http", "", "-1", "99999999999999999999", "5555x"}) {
    CAPTURE(port);
    CHECK(check_endpoint(std::string{"tcp://localhost:"} + port).value() ==
          "must have a port between 1 and 65535, or *");
  }
  CHECK(check_endpoint("ipc://").value() == "must name a path, as in ipc:///run/reel/broker");
  CHECK(check_endpoint("ipc://" + std::string(108, 'a')).value() == "must have a path of at most 107 bytes");
}

TEST_CASE("an address is host and port") {
  CHECK_FALSE(check_address("127.0.0.1:8080"));
  CHECK_FALSE(check_address("localhost:*"));
  CHECK(check_address("http://localhost:8080").value() == "must be HOST:PORT, as in 127.0.0.1:8080");
  CHECK(check_address("8080").value() == "must end in a port, as in 127.0.0.1:8080");
}

TEST_CASE("a service name is what a table, a URL and a YAML key can hold") {
  CHECK_FALSE(check_service_name("payments"));
  CHECK_FALSE(check_service_name("Payments-2_eu.west"));
  CHECK(check_service_name("").value() == "it is empty");
  CHECK(check_service_name("pay ments").value() ==
        "the character at position 4 is not one of A-Z a-z 0-9 - _ .");
  CHECK_FALSE(check_service_name(std::string(128, 'a')));
  CHECK(check_service_name(std::string(129, 'a')).value() == "it is 129 bytes long, at most 128 are allowed");
}
