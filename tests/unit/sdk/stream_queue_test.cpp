#include "stream_queue.h"

#include <doctest/doctest.h>

#include <array>
#include <limits>

#include "event/batch.h"

using namespace reel;
using namespace reel::sdk;

namespace {

class StreamBench {
 public:
  void subscribed(std::uint64_t first, std::uint64_t end = 0) {
    v1::Subscribed subscribed;
    subscribed.set_first_offset(first);
    subscribed.set_end_offset(end);
    subscribed.set_log_time(first * 1'000);
    queue.subscribed(subscribed);
  }

  void deliver(std::vector<std::uint64_t> offsets, std::uint32_t delivery = 1) {
    v1::Deliver deliver;
    deliver.set_delivery(delivery);
    deliver.set_attempt(delivery);
    BatchWriter writer;
    writer.begin_run({.source = "s", .topic = "t", .dataschema = "T"});
    for (const auto offset : offsets) {
      auto& span = *deliver.add_spans();
      span.set_offset(offset);
      span.set_count(1);
      span.set_log_time(offset * 1'000);
      writer.add({.id = "e" + std::to_string(offset), .correlationid = "c"});
    }
    queue.delivered(deliver, Body::of(writer.take()));
  }

  void beat(std::uint64_t watermark, std::uint64_t end = 99) {
    v1::BrokerBeat beat;
    beat.set_watermark(watermark);
    beat.set_end_offset(end);
    queue.beaten(beat);
  }

  // "e4@4 e5@5 <7" is two events and a watermark of 7.
  std::string next() {
    batch = {};
    REQUIRE(queue.next(batch));
    std::string text;
    if (batch.kind == StreamBatch::Kind::joined) {
      CHECK(batch.log_time == batch.first_offset * 1'000);
      text = "joined at " + std::to_string(batch.first_offset);
    }
    if (batch.kind == StreamBatch::Kind::idle) text = "idle";
    if (batch.kind == StreamBatch::Kind::refused) text = "refused: " + batch.text;
    for (const auto& event : batch.events) {
      CHECK(event.recordedtime == event.offset * 1'000);
      text += (text.empty() ? "" : " ") + std::string{event.id} + "@" + std::to_string(event.offset);
      if (event.attempt > 1) text += "#" + std::to_string(event.attempt);
    }
    return text + " <" + std::to_string(batch.watermark);
  }

  std::string settled() {
    std::string text;
    while (const auto message = queue.take_settle()) {
      text += (text.empty() ? "" : "; ") + std::to_string(message->settle().sequence()) + ":";
      for (const auto& ack : message->settle().acks()) {
        text += " " + std::to_string(ack.first());
        if (ack.count() > 1) text += "-" + std::to_string(ack.first() + ack.count() - 1);
        if (ack.delivery() > 1) text += "/" + std::to_string(ack.delivery());
      }
    }
    return text;
  }

  StreamQueue queue;
  StreamBatch batch;  // the last
};

}  // namespace

TEST_CASE("a reader sees where it joined, then batch by batch what came, then idleness") {
  StreamBench bench;
  CHECK(bench.next() == "idle <0");
  bench.subscribed(4);
  bench.deliver({4, 5});
  bench.deliver({6});
  CHECK(bench.next() == "joined at 4 <0");
  CHECK(bench.next() == "e4@4 e5@5 <0");
  CHECK(bench.next() == "e6@6 <0");
  CHECK(bench.next() == "idle <0");
}

TEST_CASE("the watermark never overtakes what the reader was given") {
  StreamBench bench;
  bench.deliver({4});
  bench.beat(4'500);
  bench.deliver({5});
  bench.beat(5'500);
  bench.beat(6'500);
  CHECK(bench.next() == "e4@4 <4500");
  CHECK(bench.next() == "e5@5 <6500");
  bench.beat(7'500);
  CHECK(bench.next() == "idle <7500");
}

TEST_CASE("up to where all was given out moves with the watermark, and not with the journal's end alone") {
  StreamBench bench;
  bench.subscribed(4, 4);
  bench.deliver({4});
  CHECK(bench.next() == "joined at 4 <0");
  CHECK(bench.batch.given_upto == 4);
  bench.beat(0, 20);  // the broker has more for it
  CHECK(bench.next() == "e4@4 <0");
  CHECK(bench.batch.given_upto == 4);
  bench.deliver({19});
  bench.beat(30'000, 30);
  bench.beat(0, 40);
  CHECK(bench.next() == "e19@19 <30000");
  CHECK(bench.batch.given_upto == 30);
  CHECK(bench.batch.end_offset == 40);
}

TEST_CASE("acks name what was given out, merged, by delivery") {
  StreamBench bench;
  bench.deliver({4, 5});
  bench.deliver({6});
  bench.deliver({9}, 2);
  bench.queue.ack_all();
  CHECK(bench.settled() == "");  // nothing was given out yet
  for (int i = 0; i < 3; ++i) CHECK(bench.next() != "");
  bench.queue.ack_all();
  CHECK(bench.settled() == "1: 4-6 9/2");
  bench.queue.ack_all();
  CHECK(bench.settled() == "");
}

TEST_CASE("acks up to a batch leave what was given out later, be it the same once more") {
  StreamBench bench;
  bench.deliver({4, 5});
  bench.deliver({6});
  CHECK(bench.next() != "");
  const std::uint64_t first = bench.batch.number;
  CHECK(bench.next() != "");
  bench.queue.ack_upto(first);
  CHECK(bench.settled() == "1: 4-5");
  const std::uint64_t second = bench.batch.number;
  bench.queue.lost();
  bench.deliver({6}, 2);
  CHECK(bench.next() != "");
  bench.queue.ack_upto(second);
  CHECK(bench.settled() == "");
  bench.queue.ack_all();
  CHECK(bench.settled() == "2: 6/2");
}

TEST_CASE("acking batch by batch does not cost more the more there is outstanding") {
  constexpr std::uint64_t deliveries = 50'000;  // a walk over all of them for each takes 19 s
  StreamBench bench;
  for (std::uint64_t offset = 1; offset <= deliveries; ++offset) bench.deliver({offset});
  while (bench.queue.has_news()) CHECK(bench.queue.next(bench.batch));
  for (std::uint64_t batch = 1; batch <= deliveries; ++batch) bench.queue.ack_upto(batch);
  CHECK(bench.settled() == "1: 1-50000");
}

TEST_CASE("what is left of a delivery of which single offsets were acked goes with its batch") {
  StreamBench bench;
  bench.deliver({4, 5, 6});
  bench.deliver({7});
  CHECK(bench.next() != "");
  const std::uint64_t first = bench.batch.number;
  CHECK(bench.next() != "");
  bench.queue.ack(std::vector<std::uint64_t>{5});
  bench.queue.ack_upto(first);
  CHECK(bench.settled() == "1: 5 4 6");
  bench.queue.ack_all();
  CHECK(bench.settled() == "2: 7");
}

TEST_CASE("single offsets can be acked, others are ignored") {
  StreamBench bench;
  bench.deliver({4, 5, 6, 7});
  CHECK(bench.next() != "");
  bench.queue.ack(std::vector<std::uint64_t>{5, 1, 5, 99});
  CHECK(bench.settled() == "1: 5");
  bench.queue.ack(std::vector<std::uint64_t>{4});
  bench.queue.ack_all();
  CHECK(bench.settled() == "2: 4 6-7");
}

TEST_CASE("what was not acked when the connection was lost is owed no more") {
  StreamBench bench;
  bench.subscribed(4);
  bench.deliver({4});
  bench.deliver({5});
  CHECK(bench.next() == "joined at 4 <0");
  CHECK(bench.next() == "e4@4 <0");
  bench.queue.ack_all();
  bench.queue.lost();
  CHECK(bench.settled() == "");
  CHECK(bench.next() == "idle <0");
  CHECK(bench.queue.goes_on_at(false).value() == 5);  // e5 was never given out
  bench.subscribed(4);
  bench.deliver({4, 5}, 2);
  CHECK(bench.next() == "joined at 4 <0");
  CHECK(bench.next() == "e4@4#2 e5@5#2 <0");
}

TEST_CASE("a subscription without memory that saw nothing goes on where it began") {
  StreamBench bench;
  CHECK_FALSE(bench.queue.goes_on_at(false));
  bench.subscribed(40);
  CHECK(bench.queue.goes_on_at(false).value() == 40);
}

TEST_CASE(
    "a subscription without memory goes on behind what it has heard of, be it that nothing was for it") {
  StreamBench bench;
  bench.subscribed(4, 4);
  bench.deliver({4});
  bench.beat(50'000, 50);
  CHECK(bench.next() == "joined at 4 <0");
  CHECK(bench.queue.goes_on_at(false).value() == 4);
  CHECK(bench.next() == "e4@4 <50000");
  CHECK(bench.queue.goes_on_at(false).value() == 50);
  bench.queue.lost();
  bench.subscribed(70, 90);  // the journal begins there by now
  CHECK(bench.next() == "joined at 70 <50000");
  CHECK(bench.batch.given_upto == 70);
}

TEST_CASE("where the broker comes back without its newest events, a stream goes on from where it ends now") {
  StreamBench bench;
  bench.subscribed(4, 10);
  bench.deliver({4, 9});
  bench.beat(9'500, 10);
  CHECK(bench.next() == "joined at 4 <0");
  CHECK(bench.next() == "e4@4 e9@9 <9500");
  bench.queue.lost();
  bench.subscribed(7, 7);
  CHECK(bench.next() == "joined at 7 <9500");
  CHECK(bench.batch.given_upto == 7);
  CHECK(bench.batch.end_offset == 7);
  CHECK(bench.queue.goes_on_at(false).value() == 7);
  bench.deliver({7});
  CHECK(bench.next() == "e7@7 <9500");
  CHECK(bench.batch.given_upto == 7);
  CHECK(bench.queue.goes_on_at(true).value() == 8);
}

TEST_CASE("what is acked is kept in no list any more, however it was acked") {
  StreamBench bench;
  bench.subscribed(1);
  bench.deliver({1, 2, 3, 4, 5});
  CHECK(bench.next() == "joined at 1 <0");
  CHECK(bench.next() == "e1@1 e2@2 e3@3 e4@4 e5@5 <0");
  for (const std::uint64_t offset : {2u, 4u, 1u, 3u}) bench.queue.ack(std::array{offset});
  CHECK(bench.queue.outstanding() == 1);
  bench.queue.ack_upto(std::numeric_limits<std::uint64_t>::max());
  CHECK(bench.queue.outstanding() == 0);
}

TEST_CASE("a refusal stays") {
  StreamBench bench;
  bench.queue.refused("empty token at position 7");
  CHECK(bench.next() == "refused: empty token at position 7 <0");
  CHECK(bench.next() == "refused: empty token at position 7 <0");
}

TEST_CASE("who began with each topic's newest event begins so again, until it is where the journal ended") {
  StreamBench bench;
  bench.subscribed(4, 7);
  bench.deliver({4});
  CHECK(bench.next() == "joined at 4 <0");
  CHECK(bench.next() == "e4@4 <0");
  CHECK_FALSE(bench.queue.goes_on_at(true));
  CHECK(bench.queue.goes_on_at(false).value() == 5);
  bench.deliver({6});
  CHECK(bench.next() == "e6@6 <0");
  CHECK(bench.queue.goes_on_at(true).value() == 7);
}

TEST_CASE("a delivery whose places and events differ is not given out") {
  StreamBench bench;
  v1::Deliver deliver;
  deliver.add_spans()->set_count(3);
  bench.queue.delivered(deliver, Body::of(""));
  StreamBatch batch;
  CHECK_FALSE(bench.queue.next(batch));
  CHECK(batch.events.empty());
  deliver.mutable_spans(0)->set_count(0);
  bench.queue.delivered(deliver, Body::of("\xff"));
  CHECK_FALSE(bench.queue.next(batch));
}
