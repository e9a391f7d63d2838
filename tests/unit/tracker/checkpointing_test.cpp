// When checkpoints are made, and what is in one that is put together while events come.
#include <doctest/doctest.h>

#include "watch_bench.h"

using namespace reel;
using namespace reel::tracker;
using namespace reel::tracker::bench;

namespace {

constexpr auto paid_orders =
    "flow orders start order.placed end payment.captured\n"
    "  order.placed -> payment.captured within 5s";

// A watch to which so many flows have come at once.
class Loaded : public WatchBench {
 public:
  explicit Loaded(int flows) : WatchBench{paid_orders}, flows_{static_cast<std::uint64_t>(flows)} {
    bus.batch_events = 20'000;
    turns_at(0ms);  // joined
    for (int i = 0; i < flows; ++i) publishes("order.placed", "order-" + std::to_string(i));
    turns_at(0ms);
    REQUIRE(watch().tracker().handled_offset() == flows_);
  }

  void turns_at(std::chrono::milliseconds time) { REQUIRE(watch().turn(0ms, Watch::Time{time})); }
  [[nodiscard]] bool saved() const { return bus.acknowledged() >= flows_; }

 private:
  std::uint64_t flows_;
};

}  // namespace

TEST_CASE("where much changes the checkpoint is put off, for five seconds") {
  Loaded bench{3'000};
  for (std::chrono::milliseconds time = 10ms; time < 5s; time += 10ms) {
    bench.publishes("noise", "other");
    bench.turns_at(time);
  }
  CHECK_FALSE(bench.saved());
  for (std::chrono::milliseconds time = 5s; time < 5s + 50ms; time += 10ms) {
    bench.publishes("noise", "other");
    bench.turns_at(time);
  }
  CHECK(bench.saved());
}

TEST_CASE("where little changes the checkpoint is not put off") {
  Loaded bench{1'000};
  for (std::chrono::milliseconds time = 10ms; time < 250ms; time += 10ms) {
    bench.publishes("noise", "other");
    bench.turns_at(time);
  }
  CHECK(bench.saved());
}

TEST_CASE("where nothing comes any more the checkpoint is not put off: the bus may wait for it") {
  Loaded bench{3'000};
  for (std::chrono::milliseconds time = 10ms; time < 200ms; time += 10ms) bench.turns_at(time);
  CHECK_FALSE(bench.saved());
  for (std::chrono::milliseconds time = 200ms; time < 250ms; time += 10ms) bench.turns_at(time);
  CHECK(bench.saved());
}

TEST_CASE("a flow that changes while a checkpoint is put together stands in it as it was when that began") {
  Loaded bench{5'000};
  bench.turns_at(200ms);
  bench.publishes("payment.captured", "order-4999");
  for (std::chrono::milliseconds time = 210ms; !bench.saved(); time += 10ms) bench.turns_at(time);
  CHECK(bench.bus.acknowledged() == 5'000);
  CHECK(bench.watch().tracker().handled_offset() > 5'000);
  bench.crashes();
  bench.starts();
  CHECK(bench.flow("order-4999").summary().events() == 1);
  bench.works();
  CHECK(bench.flow("order-4999").summary().events() == 2);
}

TEST_CASE("a question about flows does not hold up alarms: where much is changed it waits for a checkpoint") {
  Loaded bench{12'000};
  v1::Request request;
  request.mutable_flow()->set_correlationid("order-11999");
  std::optional<v1::Reply> answer;
  bench.watch().ask(request, Watch::Time{10ms}, [&](v1::Reply reply) { answer = std::move(reply); });
  bench.publishes("payment.captured", "order-11999");
  bench.turns_at(10ms);
  CHECK_FALSE(answer.has_value());
  CHECK(bench.watch().asks());
  for (std::chrono::milliseconds time = 20ms; time < 150ms && !answer; time += 10ms) bench.turns_at(time);
  REQUIRE(answer.has_value());
  CHECK(answer->flow().summary().events() == 2);
}

TEST_CASE(
    "large flows of a checkpoint are copied over more turns, and a question does not wait for all at once") {
  constexpr int flows = 700;
  constexpr int events = 50;
  WatchBench bench{paid_orders};
  bench.bus.batch_events = 40'000;
  const auto turn_at = [&](std::chrono::milliseconds time) {
    REQUIRE(bench.watch().turn(0ms, Watch::Time{time}));
  };
  turn_at(0ms);
  const std::string long_id(240, 'x');
  for (int i = 0; i < flows * events; ++i)
    bench.publishes("noise", "f" + std::to_string(i % flows), long_id + std::to_string(i));
  turn_at(0ms);
  CHECK(bench.watch().tracker().flows().changed_bytes() > changed_bytes_for_reading_max);
  v1::Request request;
  request.mutable_flow()->set_correlationid("f1");
  bool answered = false;
  bench.watch().ask(request, Watch::Time{1ms}, [&](const v1::Reply&) { answered = true; });
  CHECK_FALSE(answered);
  int turns = 0;
  for (; bench.bus.acknowledged() == 0; ++turns) turn_at(2ms);
  CHECK(turns > static_cast<int>(changed_bytes_for_reading_max / saved_bytes_per_turn));
  CHECK(answered);
}

TEST_CASE("flows are forgotten with the next checkpoint: what else changed is not saved at once for it") {
  WatchBench bench{paid_orders};
  bench.stops();
  bench.retains(1h);
  bench.starts();
  const auto turn_at = [&](std::chrono::milliseconds time) {
    REQUIRE(bench.watch().turn(0ms, Watch::Time{time}));
  };
  bench.bus.batch_events = 20'000;
  bench.publishes("noise", "old");
  for (std::chrono::milliseconds time = 0ms; time < 5s; time += 10ms) turn_at(time);
  REQUIRE(bench.bus.acknowledged() == 1);
  bench.publishes("noise", "older");
  for (std::chrono::milliseconds time = 4'900ms; bench.bus.acknowledged() != 2; ++time) turn_at(time);
  bench.passes(2h);
  for (int i = 0; i < 3'000; ++i) bench.publishes("order.placed", "order-" + std::to_string(i));
  turn_at(5'100ms);
  CHECK(bench.summary().flows() == 3'000);
  CHECK(bench.watch().tracker().flows().changed() == 3'000);

  SUBCASE("an event of one begins it anew, though it is in the store still") {
    bench.publishes("noise", "old");
    turn_at(5'101ms);
    CHECK(bench.summary().flows() == 3'001);
    bench.stops();
    bench.starts();
    CHECK(bench.summary().flows() == 3'001);
    CHECK(bench.flow("old").summary().events() == 1);
    v1::Request request;
    request.mutable_flows()->add_states(v1::FLOW_STATE_UNTRACKED);
    const auto listed = bench.asks(request).flows();
    REQUIRE(listed.flows_size() == 1);
    CHECK(listed.flows(0).correlationid() == "old");
  }
  SUBCASE("after a crash before that they are there, counted, and forgotten again") {
    bench.crashes();
    bench.starts();
    CHECK(bench.summary().flows() == 2);
    CHECK(bench.flow("old").summary().events() == 1);
    for (int i = 0; i < 20; ++i) bench.works();  // six seconds: they are looked for every five
    CHECK(bench.summary().flows() == 3'000);
  }
}
