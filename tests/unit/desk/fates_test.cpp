// What the broker says has become of an event.
#include "desk_bench.h"

using namespace reel;
using namespace reel::broker;
using namespace reel::broker::test;

namespace {

/// For payments: "settled", "in_flight".
std::string fate(DeskBench& bench, Offset offset) {
  v1::Request request;
  request.mutable_fates()->add_offsets(offset);
  const auto reply = bench.asks(std::move(request));
  REQUIRE(reply.fates().events_size() == 1);
  REQUIRE(reply.fates().events(0).deliveries_size() == 1);
  return v1::ServiceFate_Name(reply.fates().events(0).deliveries(0).fate());
}

}  // namespace

TEST_CASE("what was acked behind an open event is settled after a restart too, before its service comes") {
  DeskBench bench;
  bench.serves("payments", "order.placed");
  bench.publishes("order.placed", {"e1 k", "e2 m"});
  bench.until([&] { return bench.got("payments") == "e1#1 e2#1"; });
  const auto e2 = bench.newest("payments");
  CHECK(bench.settles("payments", {.acks = {{e2, 1}}}) == "");
  CHECK(fate(bench, e2) == "SERVICE_FATE_SETTLED");
  bench.restarts();
  CHECK(fate(bench, e2) == "SERVICE_FATE_SETTLED");
  CHECK(fate(bench, e2 - 1) == "SERVICE_FATE_WAITING");
}
