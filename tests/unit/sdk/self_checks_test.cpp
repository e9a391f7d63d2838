// The threads of a service's checks.
#include "self_checks.h"

#include <doctest/doctest.h>

#include <string>
#include <system_error>
#include <thread>

using namespace reel;
using namespace reel::sdk;
using namespace std::chrono_literals;

TEST_CASE("where there is no thread for a check, those that have one end before anybody hears of it") {
  std::string logged;
  Log log{[&](LogLevel, std::string_view line) { logged += line; }};
  int started = 0;
  SelfChecks checks{[&](std::function<void()> body) {
    if (++started == 2)
      throw std::system_error{std::make_error_code(std::errc::resource_unavailable_try_again)};
    std::thread{std::move(body)}.detach();
  }};
  checks.add("database", {.every = 1ms}, [] {});
  checks.add("disk", {}, [] {});
  CHECK_THROWS_AS(checks.start(30s, log), std::system_error);
  checks.wait(0ms, log);
  CHECK(logged == "");  // nothing is left behind
}
