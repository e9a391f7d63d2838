// Patterns that none of a service's instances names, and what waits under them.
#include "desk_bench.h"

using namespace reel;
using namespace reel::broker;
using namespace reel::broker::test;
using namespace std::chrono_literals;

namespace {

/// The time of grace is six hours here, and an instance is lost after one.
constexpr int half_hours_of_grace = 12;

void stays(DeskBench& bench, const std::string& instance, int half_hours) {
  for (int i = 0; i < half_hours; ++i) {
    bench.advance(30min);
    bench.beats(instance, {});
    bench.rest();
  }
}

std::string patterns(DeskBench& bench) {
  v1::Request request;
  request.mutable_services();
  const auto reply = bench.asks(request);
  std::string text;
  for (const auto& row : reply.services().services()) {
    if (row.service() != "payments") continue;
    for (const auto& pattern : row.patterns()) text += (text.empty() ? "" : " ") + pattern;
    text += " waiting=" + std::to_string(row.waiting());
  }
  return text;
}

/// Two instances, each with a topic of its own; both are gone, and something came for each.
void two_have_left(DeskBench& bench) {
  bench.joins("a", "payments", {"order.placed"});
  bench.joins("b", "payments", {"order.paid"});
  bench.leaves("a");
  bench.leaves("b");
  bench.publishes("order.paid", {"p1 k"});
  bench.publishes("order.placed", {"e1 j"});
  bench.rest();
}

}  // namespace

TEST_CASE("the first instance after a restart does not withdraw what the others are yet to name") {
  DeskBench bench;
  two_have_left(bench);
  SUBCASE("of the broker") {
    bench.restarts();
  }
  SUBCASE("of the service, long after") {
    bench.advance(24h);
  }
  bench.joins("a", "payments", {"order.placed"});
  bench.publishes("order.paid", {"p2 l"}, 8);
  bench.until([&] { return patterns(bench) == "order.paid order.placed waiting=3"; });
  bench.until([&] { return bench.got("a") == "e1#1"; });
  bench.rest();
  CHECK(bench.got("a") == "e1#1");  // the others are not for it

  bench.joins("b", "payments", {"order.paid"});
  const auto somebody_got = [&](const char* event) {
    return (bench.got("a") + " " + bench.got("b")).find(event) != std::string::npos;
  };
  bench.until([&] { return somebody_got("p1#1") && somebody_got("p2#1"); });
}

TEST_CASE("what nobody has named in all that time is withdrawn, and what waits under it with it") {
  DeskBench bench;
  two_have_left(bench);
  bench.restarts();
  bench.joins("a", "payments", {"order.placed"});
  bench.until([&] { return bench.got("a") == "e1#1"; });
  CHECK(bench.settles("a", {.acks = {{bench.newest("a")}}}) == "");
  stays(bench, "a", half_hours_of_grace - 1);
  CHECK(patterns(bench) == "order.paid order.placed waiting=1");
  stays(bench, "a", 2);
  CHECK(patterns(bench) == "order.placed waiting=0");
  CHECK(bench.got("a") == "e1#1");
  CHECK(bench.letters() == "");
  SUBCASE("for ever") {
    bench.restarts();
    bench.joins("a", "payments", {"order.placed"});
    CHECK(patterns(bench) == "order.placed waiting=0");
  }
}

TEST_CASE("behind an event that waits for its pattern to be named, its key waits too") {
  DeskBench bench;
  two_have_left(bench);
  bench.joins("a", "payments", {"order.placed"});
  bench.until([&] { return bench.got("a") == "e1#1"; });
  const auto e1 = bench.newest("a");
  bench.publishes("order.placed", {"e3 j", "e2 k"});
  bench.until([&] { return bench.got("a") == "e1#1 e3#1"; });
  CHECK(bench.settles("a", {.acks = {{e1}, {bench.newest("a")}}}) == "");
  bench.rest();
  CHECK(bench.got("a") == "e1#1 e3#1");
  stays(bench, "a", half_hours_of_grace + 1);
  // Which attempt it is depends on what else half an hour, passing at once, is taken for.
  bench.until([&] { return bench.got("a").find("e2#") != std::string::npos; });
}

TEST_CASE("the only instance that named a pattern says itself that it is over") {
  DeskBench bench;
  bench.joins("a", "payments", {"order.paid", "order.placed"});
  SUBCASE("at once, when whoever was on the way has come") {
    stays(bench, "a", half_hours_of_grace + 1);
    bench.subscribes("a", {"order.placed"});
    CHECK(patterns(bench) == "order.placed waiting=0");
  }
  SUBCASE("not before") {
    bench.subscribes("a", {"order.placed"});
    CHECK(patterns(bench) == "order.paid order.placed waiting=0");
    stays(bench, "a", half_hours_of_grace + 1);
    CHECK(patterns(bench) == "order.placed waiting=0");
  }
  SUBCASE("not where another one names it") {
    bench.joins("b", "payments", {"order.paid"});
    for (int i = 0; i <= half_hours_of_grace; ++i) {
      stays(bench, "a", 1);
      bench.beats("b", {});
    }
    bench.subscribes("a", {"order.placed"});
    CHECK(patterns(bench) == "order.paid order.placed waiting=0");
  }
}
