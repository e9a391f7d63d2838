#include "dispatch/window.h"

#include <doctest/doctest.h>

#include <random>
#include <set>

#include "dispatch/key_lanes.h"

using namespace reel::broker;

TEST_CASE("an offset is found from any hint, with gaps and without") {
  std::mt19937_64 random{1};
  for (const Offset gap_max : {1u, 2u, 50u}) {
    Window window;
    std::set<Offset> held;
    Offset last = 0;
    for (int i = 0; i < 500; ++i) {
      last += 1 + random() % gap_max;
      window.push({.offset = last});
      held.insert(last);
    }
    for (Offset offset = 0; offset < last + 3; ++offset) {
      const Position hint = random() % 600;
      const auto expected = held.lower_bound(offset);
      const Position found = window.lower_bound(offset, hint);
      if (expected == held.end()) {
        REQUIRE(found == window.end());
      } else {
        REQUIRE(window.at(found).offset == *expected);
      }
      REQUIRE((window.find(offset, hint) != no_position) == held.contains(offset));
    }
  }
}

TEST_CASE("closing the holes keeps what is unsettled, in order") {
  Window window;
  for (Offset offset = 1; offset <= 9; ++offset) {
    window.push({.offset = offset, .state = offset % 3 == 0 ? EntryState::waiting : EntryState::settled});
  }
  const Position head = window.head();
  const auto moved = window.compact();
  CHECK(window.size() == 3);
  CHECK(window.at(head).offset == 3);
  CHECK(window.at(head + 2).offset == 9);
  CHECK(moved == std::vector<Position>{0, 0, 0, 1, 1, 1, 2, 2, 2});
}

TEST_CASE("lanes are found while others are opened and closed around them") {
  std::mt19937_64 random{2};
  KeyLanes lanes{3};
  std::set<std::uint64_t> open;
  for (int step = 0; step < 20'000; ++step) {
    const std::uint64_t key = random() % 200;
    const LaneId found = lanes.find(key);
    REQUIRE((found != no_lane) == open.contains(key));
    if (found != no_lane) {
      REQUIRE(lanes.at(found).key_hash == key);
      lanes.close(found);
      open.erase(key);
    } else {
      REQUIRE(lanes.at(lanes.find_or_open(key)).key_hash == key);
      open.insert(key);
    }
    REQUIRE(lanes.open() == open.size());
  }
}
