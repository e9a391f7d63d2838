// A service that parks more than it may know one by one.
#include "desk_bench.h"

using namespace reel;
using namespace reel::broker;
using namespace reel::broker::test;

namespace {

config::Model at_most(std::size_t parked_events_max) {
  auto model = desk_model();
  model.broker.service_parked_events_max = parked_events_max;
  return model;
}

void acks_newest(DeskBench& bench) {
  CHECK(bench.settles("payments", {.acks = {{bench.newest("payments")}}}) == "");
}

/// Those of them that it holds by a first delivery.
void acks_all(DeskBench& bench, Offset first, Offset last) {
  DeskBench::Answers answers;
  for (auto offset = first; offset <= last; ++offset) answers.acks.push_back({offset});
  (void)bench.settles("payments", answers);
}

/// payments rejects e1; e2 to e6 follow under its key, each with a segment of its own.
Offset parks(DeskBench& bench) {
  bench.serves("payments", "order.placed");
  bench.publishes("order.placed", {"e1 k"});
  bench.until([&] { return bench.got("payments") == "e1#1"; });
  const auto dead = bench.newest("payments");
  (void)bench.settles("payments", {.nacks = {{.offset = dead, .reject = true}}});
  for (const auto* const event : {"e2 k", "e3 k", "e4 k", "e5 k", "e6 k"}) {
    bench.publishes("order.placed", {event});
    bench.fills_segment();
  }
  return dead;
}

v1::ServicesReply::Service row_of_payments(DeskBench& bench) {
  v1::Request request;
  request.mutable_services();
  const auto reply = bench.asks(request);
  for (const auto& row : reply.services().services()) {
    if (row.service() == "payments") return row;
  }
  return {};
}

void discards(DeskBench& bench, Offset dead) {
  v1::Command discard;
  discard.mutable_discard()->add_offsets(dead);
  CHECK(bench.tells(discard) == "1");
}

}  // namespace

TEST_CASE("where no more can be parked one by one, other keys flow on") {
  DeskBench bench{at_most(2)};
  (void)parks(bench);
  bench.publishes("order.placed", {"x1 other", "x2 other"});
  bench.until([&] { return bench.got("payments") == "e1#1 x1#1 x2#1"; });
  const auto row = row_of_payments(bench);
  CHECK(row.parked() == 2);
  CHECK(row.waiting() == 2 + 3);
  CHECK_FALSE(row.behind());
}

TEST_CASE("what was left unread comes in its order when the key goes on, and the key is well again") {
  DeskBench bench{at_most(2)};
  const auto dead = parks(bench);
  discards(bench, dead);
  bench.until([&] { return bench.got("payments") == "e1#1 e2#1! e3#1!"; });
  const auto last = bench.newest("payments");
  bench.publishes("order.placed", {"e7 k"});
  CHECK(bench.settles("payments", {.acks = {{last - 1}, {last}}}) == "");
  bench.until([&] { return bench.got("payments") == "e1#1 e2#1! e3#1! e4#1! e5#1! e6#1! e7#1!"; });
  acks_all(bench, last + 1, bench.newest("payments"));
  bench.publishes("order.placed", {"e8 k"});
  bench.until([&] { return bench.got("payments").ends_with(" e7#1! e8#1"); });
  acks_newest(bench);
  CHECK(row_of_payments(bench).waiting() == 0);
  CHECK(row_of_payments(bench).parked() == 0);
}

TEST_CASE("retention keeps what was left unread") {
  DeskBench bench{at_most(1)};
  const auto dead = parks(bench);
  CHECK(bench.retains() <= dead);
  discards(bench, dead);
  bench.until([&] { return bench.got("payments").starts_with("e1#1 e2#1! e3#1! e4#1! e5#1! e6#1!"); });
}

TEST_CASE("a restart knows what was left unread by the journal alone") {
  DeskBench bench{at_most(2)};
  const auto dead = parks(bench);
  bench.restarts();
  bench.serves("payments", "order.placed");
  bench.publishes("order.placed", {"x1 other"}, 8);
  bench.until([&] { return bench.got("payments") == "e1#1 x1#1"; });
  acks_newest(bench);
  CHECK(row_of_payments(bench).waiting() == 3);
  discards(bench, dead);
  bench.until([&] { return bench.got("payments") == "e1#1 x1#1 e2#1! e3#1!"; });

  SUBCASE("and again while the key is going on") {
    bench.restarts();
    bench.serves("payments", "order.placed");
    bench.until([&] { return bench.got("payments").ends_with("e3#1! e2#1! e3#1!"); });
  }
  const auto last = bench.newest("payments");
  CHECK(bench.settles("payments", {.acks = {{last - 1}, {last}}}) == "");
  bench.until([&] { return bench.got("payments").ends_with("e2#1! e3#1! e4#1! e5#1! e6#1!"); });
}
