#include "gateway/http/gatekeeper.h"

#include <doctest/doctest.h>

using namespace reel;
using namespace reel::gateway;

namespace {

config::Gateway gate_settings(const std::string& listen = "127.0.0.1:8080") {
  config::Gateway gateway;
  gateway.listen = listen;
  gateway.hosts = {"reel.example.com"};
  return gateway;
}

/// The status of the refusal; 200 where there is none.
int gate_status(std::multimap<std::string, std::string> headers, const std::string& path = "/v1/events") {
  HttpRequest head;
  head.method = "POST";
  head.path = path;
  head.headers = std::move(headers);
  const auto refusal = Gatekeeper{gate_settings()}.refusal(head);
  return refusal ? refusal->status : 200;
}

}  // namespace

TEST_CASE("a request is for an address, for localhost, or for a name that the configuration gives") {
  for (const char* host :
       {"127.0.0.1:8080", "127.0.0.1", "localhost:1", "LOCALHOST", "console.localhost:8080", "[::1]:8080",
        "[::1]", "192.168.1.7:80", "reel.example.com", "Reel.Example.COM:443"}) {
    CAPTURE(host);
    CHECK(gate_status({{"host", host}}) == 200);
  }
  // A page of evil.example may have its own name point at this machine.
  for (const char* host :
       {"evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example",
        "reel.example.com.evil.example", "127.0.0.1:8080@evil.example", "[::1", "localhost:x"}) {
    CAPTURE(host);
    CHECK(gate_status({{"host", host}}) == 403);
    CHECK(gate_status({{"host", host}}, "/index.html") == 403);
  }
  CHECK(gate_status({}) == 400);
  CHECK(gate_status({{"host", ""}}) == 400);
  CHECK(gate_status({{"host", "localhost"}, {"host", "localhost"}}) == 400);
  // The name it listens on is its own.
  HttpRequest head;
  head.headers = {{"host", "bus-7:8080"}};
  CHECK(Gatekeeper{gate_settings("bus-7:8080")}.refusal(head) == std::nullopt);
}

TEST_CASE("another site's page may not send, nor read, under /v1/") {
  const auto from = [](const char* header, const char* value, const char* path) {
    return gate_status({{"host", "127.0.0.1:8080"}, {header, value}}, path);
  };
  for (const char* path : {"/v1/events", "/v1/events/stream", "/v1/commands"}) {
    CAPTURE(path);
    for (const char* site : {"cross-site", "same-site", "nonsense"})
      CHECK(from("sec-fetch-site", site, path) == 403);
    for (const char* site : {"same-origin", "none"}) CHECK(from("sec-fetch-site", site, path) == 200);
    for (const char* origin : {"http://evil.example", "null", "http://127.0.0.1:8081", "http://127.0.0.1",
                               "http://127.0.0.1:8080.evil.example", "file://127.0.0.1:8080", ""})
      CHECK(from("origin", origin, path) == 403);
    for (const char* origin : {"http://127.0.0.1:8080", "https://127.0.0.1:8080"})
      CHECK(from("origin", origin, path) == 200);
  }
  // Links to the console work from anywhere.
  CHECK(from("sec-fetch-site", "cross-site", "/flows/order-7") == 200);
  // A program, which nobody can trick into sending, says nothing.
  CHECK(gate_status({{"host", "127.0.0.1:8080"}}) == 200);
}
