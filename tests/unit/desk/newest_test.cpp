// Subscriptions that begin with what is newest.
#include "desk_bench.h"

using namespace reel;
using namespace reel::broker;
using namespace reel::broker::test;

namespace {

v1::Subscribe last() {
  v1::Subscribe start;
  start.set_from_last(true);
  return start;
}

v1::Subscribe last_per_topic() {
  v1::Subscribe start;
  start.set_from_last_per_topic(true);
  return start;
}

/// Two of each topic, order.paid's first.
void four_events(DeskBench& bench) {
  bench.publishes("order.paid", {"p1 k", "p2 k"});
  bench.publishes("order.placed", {"e1 k", "e2 k"});
  bench.rest();
}

std::string newest_offsets(DeskBench& bench) {
  v1::Request request;
  request.mutable_topics();
  const auto reply = bench.asks(request);
  std::string text;
  for (const auto& row : reply.topics().topics())
    text += row.topic() + "@" + std::to_string(row.newest_offset()) + " ";
  return text;
}

}  // namespace

TEST_CASE("a subscription that begins with the last event gets the newest that matches, and all behind it") {
  DeskBench bench;
  four_events(bench);
  bench.reads("any", {"order.*"}, last());
  bench.reads("paid", {"order.paid"}, last());
  bench.reads("none", {"price.tick"}, last());
  bench.publishes("order.paid", {"p3 k"});
  bench.until([&] { return bench.got("any") == "e2#1 p3#1" && bench.got("paid") == "p2#1 p3#1"; });
  bench.rest();
  CHECK(bench.got("none") == "");
}

TEST_CASE("a subscription that begins with the last of each topic gets one of each, and all behind them") {
  DeskBench bench;
  four_events(bench);
  bench.reads("any", {"order.*"}, last_per_topic());
  bench.publishes("order.placed", {"e3 k"});
  bench.until([&] { return bench.got("any") == "p2#1 e2#1 e3#1"; });
}

TEST_CASE("of a topic that has no event yet nothing is missed") {
  DeskBench bench;
  bench.publishes("order.placed", {"e1 k"});
  bench.rest();
  bench.disk_stalls();
  bench.publishes("order.paid", {"p1 k"});  // accepted, and not committed when the subscription comes
  bench.reads("any", {"order.*"}, last_per_topic());
  bench.disk_has_room();
  bench.until([&] { return bench.got("any") == "e1#1 p1#1"; });
}

TEST_CASE("which event is the newest is known after a restart, with a snapshot and without") {
  DeskBench bench;
  four_events(bench);
  CHECK(newest_offsets(bench) == "order.paid@2 order.placed@4 ");
  bench.restarts();
  CHECK(newest_offsets(bench) == "order.paid@2 order.placed@4 ");
  NewestEvents kept;
  kept.load(bench.desk().snapshot());
  CHECK(kept.of("order.paid") == 2);
  CHECK(kept.of("order.placed") == 4);
}

TEST_CASE("a service that began with the last of each topic goes on with what it is owed after a restart") {
  DeskBench bench;
  four_events(bench);
  bench.joins("a", "payments", {"order.*"}, last_per_topic());
  bench.until([&] { return bench.got("a") == "p2#1 e2#1"; });
  bench.restarts();
  bench.joins("b", "payments", {"order.*"});
  bench.until([&] { return bench.got("b") == "p2#1 e2#1"; });
  CHECK(bench.settles("b", {.acks = {{2}, {4}}}) == "");
}

TEST_CASE("no more topics are remembered than there is room for") {
  NewestEvents full;
  StoredBatch batch;
  for (std::size_t i = 0; i <= newest_topics_max; ++i) {
    BatchWriter writer;
    writer.begin_run({.source = "s", .topic = "t" + std::to_string(i), .dataschema = "T"});
    writer.add({.id = "e", .correlationid = "c"});
    batch.append_own(writer.take());
  }
  batch.first_offset = 1;
  full.take(batch);
  CHECK(full.all().size() == newest_topics_max);
  CHECK(full.of("t0") == 1);
}
