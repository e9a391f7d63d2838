// What a publisher is told of single events when it sends a batch again: what it was told when the batch
// came.
#include "delaying_bench.h"

using namespace reel;
using namespace reel::broker;

namespace {

constexpr LogTime later = DelayBench::epoch + 100'000'000'000;
constexpr LogTime window = 1'000'000'000;  // in which a chosen id is known

/// Sends it, changes who listens, and sends it again, which is answered as before. What it was told.
std::string again(DelayBench& bench, std::uint64_t sequence, const std::vector<DelayBench::Event>& batch,
                  const std::vector<std::string>& listens = {"order.urgent"}) {
  const auto told = bench.publish(sequence, batch);
  bench.listens(listens);
  CHECK(bench.publish(sequence, batch) == told + " resend");
  return told;
}

}  // namespace

TEST_CASE("a delayed event that was refused is refused again, though its id was chosen") {
  DelayBench bench{1};
  CHECK(again(bench, 1, {{"d1", later, "order.placed", true}, {"d2", later, "order.placed", true}}) ==
        "1 from 1 delayed:0 1:REFUSAL_TOO_MANY_DELAYED");
}

TEST_CASE("an event without a subscriber is refused again, though there is one since") {
  DelayBench bench;
  CHECK(again(bench, 1, {{"u1", 0, "order.urgent", true}, {"e1", 0, "order.placed", true}}) ==
        "1 from 1 0:REFUSAL_UNROUTED");
}

TEST_CASE("an event that had a subscriber is accepted still, though there is none since") {
  DelayBench bench;
  bench.listens({"order.urgent"});
  CHECK(again(bench, 1, {{"u1", 0, "order.urgent", true}, {"u1", 0, "order.urgent", true}}, {}) ==
        "1 from 1 1=0");
}

TEST_CASE("an event without a subscriber takes no delayed one's place") {
  DelayBench bench;
  CHECK(again(bench, 1, {{"u1", 0, "order.urgent"}, {"d1", later}}, {}) ==
        "1 from 1 delayed:1 0:REFUSAL_UNROUTED");
}

TEST_CASE("where a duplicate is forgotten, what was accepted is accepted still") {
  DelayBench bench;
  bench.listens({"order.urgent"});
  const std::vector<DelayBench::Event> batch{{"e1", 0, "order.placed", true}, {"u1", 0, "order.urgent"}};
  CHECK(bench.publish(1, {batch.front()}) == "1 from 1");
  bench.set_time(DelayBench::epoch + window * 3 / 4);
  const auto first = bench.publish(2, batch);
  CHECK(first == "1 from 3 0=1");
  bench.listens({});

  SUBCASE("while the batch's own ids are known") {
    bench.set_time(DelayBench::epoch + window * 3 / 2);
    CHECK(bench.publish(2, batch) == "1 from 3 0=0 resend");
  }
  SUBCASE("and when they are not any more") {
    bench.set_time(DelayBench::epoch + window * 3);
    CHECK(bench.publish(2, batch) == "1 from 3 resend");
  }
}

TEST_CASE("what was refused is not called a duplicate, though one beside it is forgotten") {
  DelayBench bench;
  bench.listens({"order.urgent"});
  CHECK(bench.publish(1, {{"u1", 0, "order.urgent", true}}) == "1 from 1");
  bench.listens({});
  bench.set_time(DelayBench::epoch + window * 3 / 4);
  const std::vector<DelayBench::Event> batch{
      {"u1", 0, "order.urgent", true}, {"u2", 0, "order.urgent", true}, {"e1", 0, "order.archived", true}};
  CHECK(bench.publish(2, batch) == "1 from 2 0=1 1:REFUSAL_UNROUTED");
  bench.set_time(DelayBench::epoch + window * 3 / 2);
  CHECK(bench.publish(2, batch) == "1 from 2 0:REFUSAL_UNROUTED 1:REFUSAL_UNROUTED resend");
}

TEST_CASE("events that are live only are accepted once more in the answer") {
  DelayBench bench;
  CHECK(again(bench, 1, {{"t1", 0, "price.tick"}, {"e1"}}) == "2 from 1");
  CHECK(again(bench, 2, {{"t1", 0, "price.tick"}, {"t2", 0, "price.tick"}}) == "2 from 0");
}

TEST_CASE("a duplicate that waits for its time is not refused when it is forgotten") {
  DelayBench bench;
  CHECK(bench.publish(1, {{"e1", 0, "order.placed", true}}) == "1 from 1");
  bench.set_time(DelayBench::epoch + window * 3 / 4);
  const std::vector<DelayBench::Event> batch{{"e1", later, "order.placed", true},
                                             {"d1", later, "order.placed", true}};
  CHECK(bench.publish(2, batch) == "1 from 3 delayed:1 0=1");
  bench.set_time(DelayBench::epoch + window * 3 / 2);
  CHECK(bench.publish(2, batch) == "1 from 3 delayed:1 0=0 resend");
}

TEST_CASE("a delayed event that was cancelled was accepted") {
  DelayBench bench;
  const std::vector<DelayBench::Event> batch{{"d1", later, "order.placed", true}};
  CHECK(bench.publish(1, batch) == "1 from 1 delayed:0");
  CHECK(bench.cancel(1) == "cancelled");
  CHECK(bench.publish(1, batch) == "1 from 1 delayed:0 resend");
}

TEST_CASE("of a batch that was answered too long ago nothing is refused") {
  DelayBench bench;
  bench.listens({"order.urgent"});
  for (std::uint64_t sequence = 1; sequence <= 5; ++sequence)
    (void)bench.publish(sequence, {{"u" + std::to_string(sequence), 0, "order.urgent"}});
  bench.listens({});
  CHECK(bench.publish(1, {{"u1", 0, "order.urgent"}}) == "0 from 0 resend");
}
