#include "watch.h"

#include <doctest/doctest.h>

#include <future>
#include <thread>

using namespace reel::sdk;
using namespace std::chrono_literals;

namespace {

// Another thread that stands by; get() says whether it became the keeper.
std::future<bool> other_stands_by(Watch& watch) {
  return std::async(std::launch::async, [&] { return watch.stand_by(); });
}

void wait_until_asleep(const Watch& watch) {
  while (!watch.asleep()) std::this_thread::yield();
}

}  // namespace

TEST_CASE("who is aside for long has a successor, and is one's in turn") {
  Watch watch;
  for (int turns = 0; turns < 3; ++turns) {
    auto other = other_stands_by(watch);
    const auto step = watch.step_aside();
    CHECK(other.get());
    CHECK_FALSE(watch.come_back(step));

    auto first = other_stands_by(watch);
    const auto next = watch.step_aside();
    CHECK(first.get());
    CHECK_FALSE(watch.come_back(next));
  }
}

TEST_CASE("who comes back soon keeps the watch, however often") {
  Watch watch;
  auto other = other_stands_by(watch);
  for (int i = 0; i < 100'000; ++i) {
    const auto step = watch.step_aside();
    if (!watch.come_back(step)) {
      // The machine was busy with other things for a while, and it is the other one's now.
      CHECK(other.get());
      other = other_stands_by(watch);
    }
  }
  watch.end();
  CHECK_FALSE(other.get());
}

TEST_CASE("who stands by sleeps while nobody steps aside, and is there all the same") {
  Watch watch;
  auto other = other_stands_by(watch);
  wait_until_asleep(watch);
  const auto step = watch.step_aside();
  CHECK(other.get());
  CHECK_FALSE(watch.come_back(step));
}

TEST_CASE("the end is heard by who stands by, asleep or not, and by who waits for it") {
  Watch watch;
  auto other = other_stands_by(watch);
  SUBCASE("asleep") {
    wait_until_asleep(watch);
  }
  SUBCASE("or not") {}
  auto waits = std::async(std::launch::async, [&] { watch.wait_for_end(); });
  watch.end();
  CHECK_FALSE(other.get());
  waits.get();
}
