#include "admit/chosen_ids.h"

#include <doctest/doctest.h>

using namespace reel;
using namespace reel::broker;

TEST_CASE("what was forgotten is not remembered, though the limits are raised") {
  ChosenIds ids{100, 3};
  ids.remember("shop", "a", 1, 1'000);
  ids.remember("shop", "b", 2, 1'050);
  CHECK(ids.remembers(1'000, 1'100));
  CHECK_FALSE(ids.remembers(1'000, 1'101));
  SUBCASE("by their time") {
    ids.remember("shop", "c", 3, 1'101);
    ids.set_limits(1'000, 3);
    CHECK_FALSE(ids.remembers(1'000, 1'102));
    CHECK(ids.remembers(1'001, 1'102));
    CHECK(ids.remembers(1'050, 1'102));
  }
  SUBCASE("by their number, and not by a restart either") {
    ids.set_limits(100, 1);
    ids.remember("shop", "c", 3, 1'060);
    ids.set_limits(1'000, 10);
    v1::Snapshot snapshot;
    ids.save(snapshot, 4);
    ChosenIds again{1'000, 10};
    again.load(snapshot);
    for (const auto* const those : {&ids, &again}) {
      CHECK_FALSE(those->remembers(1'050, 1'100));
      CHECK(those->remembers(1'051, 1'100));
      CHECK(those->find("shop", "c", 1'100) == 3);
    }
  }
}

TEST_CASE("what is forgotten before its time is counted, and how far back ids are known is told") {
  ChosenIds ids{100, 2};
  ids.remember("shop", "a", 1, 1'000);
  ids.remember("shop", "b", 2, 1'050);
  ids.remember("shop", "c", 3, 1'110);  // a's time is over
  CHECK(ids.forgotten_early() == 0);
  CHECK(ids.reaches_back_ns(1'110) == 60);
  ids.remember("shop", "d", 4, 1'120);
  CHECK(ids.forgotten_early() == 1);
  CHECK(ids.reaches_back_ns(1'120) == 10);
}
