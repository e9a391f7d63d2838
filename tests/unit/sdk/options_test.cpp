#include "reel/options.h"

#include <doctest/doctest.h>

#include <cstdlib>

#include "identity.h"

using namespace reel;

TEST_CASE("brokers come from the environment, a comma between them") {
  setenv("REEL_BROKER", "tcp://a:5555,,ipc:///run/reel.sock", 1);
  CHECK(Options{}.brokers == std::vector<std::string>{"tcp://a:5555", "ipc:///run/reel.sock"});
  setenv("REEL_BROKER", "", 1);
  CHECK(Options{}.brokers == std::vector<std::string>{"tcp://127.0.0.1:5555"});
  unsetenv("REEL_BROKER");
  CHECK(default_tracker() == "tcp://127.0.0.1:5557");
}

TEST_CASE("names and endpoints are judged before anything is opened") {
  Options options;
  const auto identity = sdk::identify("payments", options);
  CHECK(identity.source == "payments/" + identity.instance.substr(30));
  options.instance = "pod-3";
  CHECK(sdk::identify("payments", options).source == "payments/pod-3");

  CHECK_THROWS_WITH(sdk::identify("", options), "the service's name is empty");
  CHECK_THROWS_WITH(
      sdk::identify("pay ments", options),
      "'pay ments' is no service's name: character at position 4 is not a letter, a digit, - _ or .");
  CHECK_THROWS_WITH(sdk::identify(std::string(200, 'x'), options),
                    "the service's name is 200 bytes long, at most 128 are allowed");
  for (const auto* endpoint :
       {"localhost:5555", "tcp://localhost", "tcp://localhost:", "tcp://:x5", "ipc://", ""}) {
    options.brokers = {endpoint};
    CHECK_THROWS_WITH(sdk::identify("payments", options),
                      ("'" + std::string{endpoint} +
                       "' is not an endpoint such as tcp://127.0.0.1:5555 or ipc:///run/reel.sock")
                          .c_str());
  }
  options.brokers.clear();
  CHECK_THROWS_WITH(sdk::identify("payments", options), "no broker to connect to: the list is empty");
}
