#include "busy_time.h"

#include <doctest/doctest.h>

#include <condition_variable>
#include <mutex>
#include <thread>

using namespace reel::sdk;
using namespace std::chrono_literals;

TEST_CASE("work counts, and so does what a thread that sleeps waits for") {
  SUBCASE("work") {
    const BusyTime busy;
    const auto until = std::chrono::steady_clock::now() + 2ms;
    while (std::chrono::steady_clock::now() < until) continue;
    CHECK(busy.passed() > 0ms);
  }
  SUBCASE("waiting") {
    std::mutex mutex;
    std::condition_variable never;
    std::unique_lock lock{mutex};
    const BusyTime busy;
    (void)never.wait_for(lock, 2ms, [] { return false; });
    CHECK(busy.passed() >= 2ms);
  }
}

TEST_CASE("a thread that others kept from its core was not at work meanwhile") {
  // Whoever else runs here: a thread never has a core for longer than passes by the clock.
  const auto began = std::chrono::steady_clock::now();
  const BusyTime busy;
  for (volatile int i = 0; i < 100'000;) i = i + 1;
  const auto passed = busy.passed();
  CHECK(passed > 0ns);
  CHECK(passed <= std::chrono::steady_clock::now() - began);
}
