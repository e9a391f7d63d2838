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
