// Events under patterns that nobody names: held back, let go by an operator, named again.
#include "service/interest.h"

#include <doctest/doctest.h>

#include "../dispatch/dispatch_bench.h"

using namespace reel;
using namespace reel::broker;

TEST_CASE(
    "what an operator let go and has failed since is tried again in its time when its pattern is named") {
  DispatchBench bench;
  Interest interest{"reel.redelivery.payments", nullptr, 0};
  v1::Pattern paid;
  paid.set_pattern("order.paid");
  interest.set_patterns({paid});
  interest.hold_back({"order.paid"}, bench.dispatch);
  for (const Offset offset : {1, 2}) {
    bench.offers({.offset = offset, .key_hash = offset, .bytes = 10, .not_before = ~LogTime{0}});
    interest.note_held_back("order.paid", offset);
  }
  bench.joins('X');
  CHECK(bench.hands() == "");
  CHECK(bench.dispatch.retry_now(1));
  CHECK(bench.hands() == "X: 1");
  CHECK(bench.nacks('X', 1) == "failed 1 nacked attempt 1 Oops until 100ms");

  interest.hold_back({}, bench.dispatch);
  CHECK(bench.hands() == "X: 2");
  bench.advance(100ms);
  CHECK(bench.hands() == "X: 1 (delivery 2, attempt 2)");
}
