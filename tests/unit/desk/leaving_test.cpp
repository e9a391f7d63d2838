// What an instance that leaves, in whatever way, has had and is charged for.
#include "desk_bench.h"

using namespace reel;
using namespace reel::broker;
using namespace reel::broker::test;

TEST_CASE("what was handed to an instance is reported, though it is gone within the second") {
  DeskBench bench;
  bench.serves("audit", "reel.delivery");
  bench.serves("payments", "order.placed");
  bench.publishes("order.placed", {"e1 k", "e2 k"});
  bench.until([&] { return bench.got("payments") == "e1#1 e2#1"; });
  const auto e2 = bench.newest("payments");
  const auto first = std::to_string(e2 - 1) + "#1 " + std::to_string(e2) + "#1";
  SUBCASE("with a goodbye") {
    bench.leaves("payments");
  }
  SUBCASE("without one") {
    bench.serves("payments", "order.placed");
  }
  bench.until([&] { return bench.reported().starts_with(first); });
}
