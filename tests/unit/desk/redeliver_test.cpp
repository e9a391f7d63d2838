// Retention and what is to be handed over once more.
#include "desk_bench.h"

using namespace reel;
using namespace reel::broker;
using namespace reel::broker::test;

namespace {

Offset rejects(DeskBench& bench, const std::string& got) {
  bench.until([&] { return bench.got("payments") == got; });
  const auto at = bench.newest("payments");
  (void)bench.settles("payments", {.nacks = {{.offset = at, .reject = true}}});
  return at;
}

}  // namespace

TEST_CASE("retention keeps what a redelivery on its way is about, and deletes it once that is settled") {
  DeskBench bench;
  bench.serves("payments", "order.placed");
  bench.publishes("order.placed", {"e1 k"});
  const auto dead = rejects(bench, "e1#1");
  bench.fills_segment();
  bench.fills_segment();
  bench.leaves("payments");
  v1::Command redrive;
  redrive.mutable_redrive()->add_offsets(dead);
  CHECK(bench.tells(redrive) == "1");
  bench.fills_segment();

  CHECK(bench.retains() == 1);
  bench.serves("payments", "order.placed");
  bench.until([&] { return bench.got("payments") == "e1#1 e1#1!"; });
  CHECK(bench.retains() == 1);
  CHECK(bench.settles("payments", {.acks = {{bench.newest("payments")}}}) == "");
  CHECK(bench.letters() == "");
  CHECK(bench.retains() > dead);
}

TEST_CASE("a key whose last letter retention deletes goes on with what was parked behind it") {
  DeskBench bench;
  bench.serves("payments", "order.placed");
  bench.publishes("order.placed", {"e1 k"});
  const auto dead = rejects(bench, "e1#1");
  bench.fills_segment();
  bench.publishes("order.placed", {"e2 k"});
  bench.rest();
  CHECK(bench.got("payments") == "e1#1");
  bench.fills_segment();
  CHECK(bench.retains() > dead);
  CHECK(bench.letters() == "");
  bench.until([&] { return bench.got("payments") == "e1#1 e2#1!"; });
}
