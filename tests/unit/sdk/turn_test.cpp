#include "turn.h"

#include <doctest/doctest.h>

#include <future>
#include <mutex>
#include <thread>
#include <vector>

using namespace reel::sdk;

TEST_CASE("a turn that another thread has is not waited for") {
  Turn turn;
  std::unique_lock held{turn};
  CHECK_FALSE(std::async(std::launch::async, [&] { return turn.try_lock(); }).get());
  held.unlock();
  const auto take = [&] { return std::unique_lock{turn, std::try_to_lock}.owns_lock(); };
  CHECK(std::async(std::launch::async, take).get());
}

TEST_CASE("who has the turn does not get it once more, and gets it again afterwards") {
  Turn turn;
  for (int i = 0; i < 2; ++i) {
    const std::unique_lock held{turn, std::try_to_lock};
    CHECK(held.owns_lock());
    CHECK_FALSE(turn.try_lock());
  }
}

TEST_CASE("one thread at a time has the turn, whether it waits for it or not") {
  Turn turn;
  int taken = 0, tried = 0;  // under the turn
  const auto wait_for_it = [&] {
    for (int i = 0; i < 5'000; ++i) {
      const std::lock_guard held{turn};
      ++taken;
    }
  };
  const auto try_it = [&] {
    int got = 0;
    while (got < 5'000) {
      const std::unique_lock held{turn, std::try_to_lock};
      if (!held) continue;
      ++tried;
      ++got;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back(wait_for_it);
    threads.emplace_back(try_it);
  }
  for (auto& thread : threads) thread.join();
  CHECK(taken == 10'000);
  CHECK(tried == 10'000);
}
