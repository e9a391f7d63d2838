// What the broker says of itself when asked: how long a backlog will last, and which window it could not
// keep.
#include "desk_bench.h"

using namespace reel;
using namespace reel::broker;
using namespace reel::broker::test;

namespace {

LogTime drained_in(DeskBench& bench) {
  v1::Request request;
  request.mutable_services();
  return bench.asks(request).services().services(0).drained_in();
}

std::vector<std::string> events(const std::string& prefix, int count) {
  std::vector<std::string> events;
  for (int i = 0; i < count; ++i) events.push_back(prefix + std::to_string(i) + " k" + std::to_string(i));
  return events;
}

}  // namespace

TEST_CASE("a service that settles two events a second is said to be through with 24 in 12 s") {
  auto model = desk_model();
  model.services["payments"].ack_timeout = std::chrono::minutes{1};
  DeskBench bench{model};
  bench.serves("payments", "order.placed");
  bench.publishes("order.placed", events("e", 40));
  bench.until([&] { return bench.got("payments").ends_with("e39#1"); });
  CHECK(drained_in(bench) == 0);
  const auto settles_two_each_second = [&](Offset from, Offset to) {
    for (Offset next = from; next < to; next += 2) {
      (void)bench.settles("payments", {.acks = {{.offset = next}, {.offset = next + 1}}});
      bench.advance(std::chrono::milliseconds{1'001});
    }
  };
  const auto first = bench.newest("payments") - 39;
  settles_two_each_second(first, first + 16);
  CHECK(drained_in(bench) / 1'000'000'000 == 12);
  SUBCASE("until nobody is there to do it") {
    bench.leaves("payments");
    CHECK(drained_in(bench) == 0);
  }
  SUBCASE("until it is paused") {
    v1::Command pause;
    pause.mutable_pause();
    (void)bench.tells(pause);
    CHECK(drained_in(bench) == 0);
  }
}

TEST_CASE("chosen ids that are forgotten before their time are counted") {
  auto model = desk_model();
  model.broker.dedup_ids_max = 3;
  DeskBench bench{model};
  const auto forgotten = [&] {
    v1::Request request;
    request.mutable_status();
    return bench.asks(request).status().chosen_ids_forgotten_early();
  };
  bench.publishes("order.placed", events("e", 3));
  CHECK(forgotten() == 0);
  bench.publishes("order.placed", events("f", 2), 8);
  CHECK(forgotten() == 2);
}
