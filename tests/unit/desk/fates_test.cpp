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

TEST_CASE("what is handed over once more waits while its service is away, and is not settled any more") {
  DeskBench bench;
  bench.serves("payments", "order.placed");
  bench.publishes("order.placed", {"e1 k", "e2 k", "e3 k"});
  bench.until([&] { return bench.got("payments") == "e1#1 e2#1 e3#1"; });
  const auto e3 = bench.newest("payments");
  const auto e1 = e3 - 2;
  CHECK(bench.settles("payments", {.nacks = {{.offset = e1, .reject = true}}}) == "");
  CHECK(fate(bench, e1) == "SERVICE_FATE_DEAD");
  CHECK(fate(bench, e3) == "SERVICE_FATE_PARKED");

  SUBCASE("a letter that is redriven") {
    bench.leaves("payments");
    v1::Command redrive;
    redrive.mutable_redrive()->add_offsets(e1);
    CHECK(bench.tells(redrive) == "1");
    bench.rest();
    CHECK(fate(bench, e1) == "SERVICE_FATE_WAITING");
    CHECK(fate(bench, e3) == "SERVICE_FATE_PARKED");
    bench.restarts();
    CHECK(fate(bench, e1) == "SERVICE_FATE_WAITING");

    bench.serves("payments", "order.placed");
    bench.until([&] { return bench.got("payments").ends_with("e1#1!"); });
    const auto again = bench.newest("payments");
    CHECK(fate(bench, e1) == "SERVICE_FATE_IN_FLIGHT");
    CHECK(bench.settles("payments", {.acks = {{again, 1}}}) == "");
    CHECK(fate(bench, e1) == "SERVICE_FATE_SETTLED");
  }
  SUBCASE("what was parked and goes on") {
    v1::Command discard;
    discard.mutable_discard()->add_offsets(e1);
    CHECK(bench.tells(discard) == "1");
    bench.until([&] { return bench.got("payments").ends_with("e2#1! e3#1!"); });
    const auto again = bench.newest("payments");
    CHECK(bench.settles("payments", {.acks = {{again - 1, 1}}, .nacks = {{.offset = again}}}) == "");
    bench.restarts();
    CHECK(fate(bench, e1) == "SERVICE_FATE_SETTLED");
    CHECK(fate(bench, e1 + 1) == "SERVICE_FATE_SETTLED");
    CHECK(fate(bench, e3) == "SERVICE_FATE_RETRYING");
  }
}
