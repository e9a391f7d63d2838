// A service whose events are no longer in memory, and what it reads of the journal for its instances.
#include <doctest/doctest.h>

#include "one_service.h"

using namespace reel::broker;
using namespace reel::broker::test;

TEST_CASE("two instances that wait for records and events far apart do not read them away from each other") {
  OneService shop{{}, 1};
  const auto fill = [&] {
    for (int i = 0; i < 9; ++i) shop.pauses(shop.now());
  };
  const auto a = shop.publishes("a");
  fill();
  const auto b = shop.publishes("b");
  fill();
  shop.joins(1, 9);
  shop.advance(1);
  shop.turns();
  for (const auto& handed : std::exchange(shop.handed(1), {})) shop.nacks(1, handed, true);
  shop.leaves(1, false);
  shop.redrives({a});
  fill();
  shop.redrives({b});
  fill();
  shop.keeps_in_memory(0);
  shop.joins(1, 1);
  shop.joins(2, 1);
  shop.pauses(shop.now() + 1'000'000);  // so that both are handed out at once
  for (int turn = 0; turn < 50; ++turn) shop.turns();
  shop.pauses(shop.now());
  shop.advance(1);
  for (int turn = 0; turn < 50; ++turn) shop.turns();
  CHECK(shop.handed(1).size() == 1);
  CHECK(shop.handed(2).size() == 1);
}
