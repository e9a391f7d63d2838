#include "settle_batcher.h"

#include <doctest/doctest.h>

#include <thread>

#include "reel/v1/event.pb.h"

using namespace reel;
using namespace reel::sdk;

namespace {

// Workers and a connection, on one thread.
class SettleBench {
 public:
  bool ack(std::uint64_t offset, const std::vector<std::string>& emitted = {}, std::uint64_t key = 1,
           std::uint32_t delivery = 1) {
    std::vector<std::string> encoded;
    for (const auto& id : emitted) append_event(encoded.emplace_back(), {.id = id, .correlationid = "c"});
    std::vector<Emit> emits;
    for (const auto& bytes : encoded)
      emits.push_back({{.source = "s/1", .topic = "t", .dataschema = "T"}, bytes});
    return batcher.ack({.session = session, .offset = offset, .delivery = delivery, .key_hash = key}, emits);
  }
  bool nack(std::uint64_t offset, const std::string& error, std::uint64_t key = 1) {
    return batcher.nack({.session = session, .offset = offset, .delivery = 1, .key_hash = key},
                        {.error_type = "std::runtime_error", .error = error});
  }

  bool in_progress(std::uint64_t offset, std::uint64_t key = 1, std::uint32_t delivery = 1) {
    return batcher.in_progress({.session = session, .offset = offset, .delivery = delivery, .key_hash = key});
  }

  // "1: 5-7 9 ~10-11 !8(disk full) 6+2 | e1 e2" is SETTLE 1 with acks 5 to 7 and 9, 10 and 11 still being
  // handled, a nack of 8, and two events emitted while handling 6.
  std::string sent() {
    const auto frame = batcher.take();
    if (!frame) return "";
    v1::ToBroker message;
    REQUIRE(message.ParseFromString(frame->header));
    const auto& settle = message.settle();
    std::string text = std::to_string(settle.sequence()) + ":";
    for (const auto& range : settle.acks()) text += " " + text_of(range);
    for (const auto& range : settle.in_progress()) text += " ~" + text_of(range);
    for (const auto& nack : settle.nacks())
      text += " !" + std::to_string(nack.offset()) + "(" + nack.error() + ")";
    for (const auto& emitted : settle.emitted()) {
      text += " " + std::to_string(emitted.offset()) + "+" + std::to_string(emitted.count());
    }
    if (frame->body.owner == nullptr) return text;
    v1::Batch batch;
    REQUIRE(batch.ParseFromArray(frame->body.bytes.data(), static_cast<int>(frame->body.bytes.size())));
    text += " |";
    for (const auto& run : batch.runs()) {
      for (const auto& event : run.events()) text += " " + event.id();
    }
    return text;
  }

  static std::string text_of(const v1::Settle::Ack& range) {
    auto text = std::to_string(range.first());
    if (range.count() > 1) text += "-" + std::to_string(range.first() + range.count() - 1);
    if (range.delivery() != 1) text += "/" + std::to_string(range.delivery());
    return text;
  }

  // What is kept of it, for once: "e1 e2" published.
  std::string kept(std::uint64_t offset) {
    const auto result = finished.take({offset, 0});
    if (!result) return "unknown";
    std::string text;
    for (const auto& emit : result->emits()) {
      CHECK(emit.head.source == "s/1");
      CHECK(emit.head.topic == "t");
      CHECK(emit.head.dataschema == "T");
      const auto event = read_event(emit.event_bytes);
      REQUIRE(event);
      text += (text.empty() ? "" : " ") + std::string{event->id};
    }
    return text.empty() ? "nothing published" : text;
  }

  SettleBatcher::Answer answer(std::uint64_t sequence, std::vector<std::uint64_t> refused = {}) {
    v1::Settled settled;
    settled.set_sequence(sequence);
    for (const auto offset : refused) {
      settled.add_refused()->set_offset(offset);
      settled.mutable_refused()->rbegin()->mutable_refusal()->set_text("unknown topic 't'");
    }
    return batcher.settled(settled);
  }

  Finished finished;
  SettleBatcher batcher{2, 1'000, finished};
  std::uint64_t session = 0;
};

}  // namespace

TEST_CASE("what the workers finished goes in one SETTLE, acks merged into ranges") {
  SettleBench bench;
  CHECK(bench.sent() == "");
  CHECK(bench.ack(5));
  CHECK_FALSE(bench.ack(7));  // told once is enough
  CHECK(bench.ack(6, {}, 2));
  bench.ack(9, {}, 2);
  bench.nack(8, "disk full");
  CHECK(bench.sent() == "1: 5-7 9 !8(disk full)");
  CHECK(bench.ack(10));
}

TEST_CASE("acks in any order become ranges in order") {
  SettleBench bench;
  SUBCASE("close to each other") {
    for (const std::uint64_t offset : {9, 5, 8, 3, 7, 4}) bench.ack(offset, {}, offset);
    CHECK(bench.sent() == "1: 3-5 7-9");
  }
  SUBCASE("far from each other") {
    for (const std::uint64_t offset : {900'000, 3, 4, 70}) bench.ack(offset, {}, offset);
    CHECK(bench.sent() == "1: 3-4 70 900000");
  }
  SUBCASE("one twice, as two deliveries") {
    bench.ack(6, {}, 6, 2);
    bench.ack(5, {}, 5);
    bench.ack(6, {}, 6, 1);
    const auto sent = bench.sent();
    CHECK((sent == "1: 5-6 6/2" || sent == "1: 5 6/2 6"));
  }
}

TEST_CASE("ranges do not run over different deliveries") {
  SettleBench bench;
  bench.ack(1);
  bench.ack(2, {}, 1, 2);
  bench.ack(3, {}, 1, 2);
  CHECK(bench.sent() == "1: 1 2-3/2");
}

TEST_CASE("what is still being handled is told in ranges, and each once however often it was said") {
  SettleBench bench;
  CHECK(bench.in_progress(7, 7));
  for (int said = 0; said < 100; ++said) {
    for (const std::uint64_t offset : {9, 4, 5, 7}) bench.in_progress(offset, offset);
    bench.in_progress(6, 6, 2);
  }
  bench.ack(3);
  CHECK(bench.sent() == "1: 3 ~4-5 ~6/2 ~7 ~9");
  CHECK(bench.sent() == "");
}

TEST_CASE("what handlers published stands in the order of its entries") {
  SettleBench bench;
  bench.ack(1, {"a1", "a2"});
  bench.ack(2, {"b1"}, 2);
  bench.ack(3);
  bench.ack(4, {"a3"});
  CHECK(bench.sent() == "1: 1-4 1+2 4+1 2+1 | a1 a2 a3 b1");
}

TEST_CASE(
    "what was published under one key leaves in the order of its handling, whichever worker handled it") {
  SettleBench bench;
  std::string finished;
  for (std::uint64_t offset = 1; offset <= 8; ++offset) {
    // Workers take turns at the key, as they do when the lane waits between two events.
    std::thread{[&] { bench.ack(offset, {"e" + std::to_string(offset)}); }}.join();
    finished += " e" + std::to_string(offset);
  }
  const auto sent = bench.sent();
  CHECK(sent.substr(sent.find('|')) == "|" + finished);
}

TEST_CASE("while SETTLEs are unanswered results wait and go together") {
  SettleBench bench;
  bench.ack(1);
  CHECK(bench.sent() == "1: 1");
  bench.ack(2);
  CHECK(bench.sent() == "2: 2");
  bench.ack(3);
  CHECK(bench.sent() == "");
  bench.ack(4);
  CHECK_FALSE(bench.batcher.empty());
  (void)bench.answer(1);
  CHECK(bench.sent() == "3: 3-4");
  (void)bench.answer(2);
  (void)bench.answer(3);
  CHECK(bench.batcher.empty());
}

TEST_CASE("answers name the keys that go on, and those that were taken back") {
  SettleBench bench;
  bench.nack(1, "x", 11);
  bench.ack(2, {"e"}, 22);
  bench.ack(3, {"f"}, 23);
  CHECK(bench.sent() == "1: 2-3 !1(x) 2+1 3+1 | e f");
  const auto answer = bench.answer(1, {3});
  CHECK(answer.answered_keys == std::vector<std::uint64_t>{11});
  CHECK(answer.refused_keys == std::vector<std::uint64_t>{23});
  CHECK(answer.refusals == std::vector<std::string>{"unknown topic 't'"});
}

TEST_CASE("what a lost session's handlers finished is kept for when it comes again, failures are not") {
  SettleBench bench;
  bench.ack(1, {"e", "f"});
  bench.ack(2);
  bench.nack(3, "disk full");
  CHECK(bench.sent() == "1: 1-2 !3(disk full) 1+2 | e f");
  bench.ack(4, {"g"});
  bench.batcher.lost(1);
  bench.ack(5, {"h"});  // of the old session still
  CHECK(bench.kept(1) == "e f");
  CHECK(bench.kept(2) == "nothing published");
  CHECK(bench.kept(3) == "unknown");
  CHECK(bench.kept(4) == "g");
  CHECK(bench.kept(5) == "h");
  CHECK(bench.kept(5) == "unknown");
  CHECK(bench.finished.empty());
}

TEST_CASE(
    "an event that was settled twice in one SETTLE is kept once, and parts no other from what it published") {
  SettleBench bench;
  bench.ack(5, {"e", "f"}, 1, 1);
  bench.ack(5, {"e", "f"}, 1, 2);
  bench.ack(6, {"g"});
  SUBCASE("on its way") {
    CHECK_FALSE(bench.sent().empty());
  }
  SUBCASE("not sent yet") {}
  bench.batcher.lost(1);
  CHECK(bench.kept(5) == "e f");
  CHECK(bench.kept(6) == "g");
}

TEST_CASE("a result that came when its event was taken back is not sent, but kept") {
  SettleBench bench;
  std::string event;
  append_event(event, {.id = "e", .correlationid = "c"});
  const std::vector<Emit> emits{{{.source = "s/1", .topic = "t", .dataschema = "T"}, event}};
  bench.batcher.ack_too_late({.offset = 7, .delivery = 1}, emits);
  CHECK(bench.sent() == "");
  CHECK(bench.kept(7) == "e");
}

TEST_CASE("what is kept is an event's of that log time: a journal that lost its end gives the offset again") {
  SettleBench bench;
  for (const std::uint64_t offset : {7, 8})
    CHECK_NOTHROW((void)bench.batcher.ack({.offset = offset, .delivery = 1, .time = 3}, {}));
  SUBCASE("on its way") {
    CHECK(bench.sent() == "1: 7-8");
  }
  SUBCASE("not sent yet") {}
  bench.batcher.lost(1);
  CHECK(bench.finished.take({.offset = 7, .time = 3}));
  CHECK_FALSE(bench.finished.take({.offset = 8, .time = 4}));
}

TEST_CASE("what was heard is not kept, but for what came too late") {
  SettleBench bench;
  bench.ack(1, {"e"});
  bench.ack(2, {"f"});
  bench.ack(3);
  CHECK(bench.sent() == "1: 1-3 1+1 2+1 | e f");
  v1::Settled settled;
  settled.set_sequence(1);
  auto& stale = *settled.add_stale();
  stale.set_first(2);
  stale.set_count(2);
  CHECK(bench.batcher.settled(settled).stale == 2);
  CHECK(bench.kept(1) == "unknown");
  CHECK(bench.kept(2) == "f");
  CHECK(bench.kept(3) == "nothing published");
}

TEST_CASE("the results of a lost session are void") {
  SettleBench bench;
  bench.ack(1);
  CHECK(bench.sent() == "1: 1");
  bench.ack(2);
  bench.batcher.lost(1);
  CHECK(bench.sent() == "");
  CHECK(bench.batcher.empty());
  CHECK_FALSE(bench.ack(3));  // of the old session still
  CHECK(bench.sent() == "");
  bench.session = 1;
  CHECK(bench.ack(4));
  CHECK(bench.sent() == "2: 4");
}

TEST_CASE("who waits for room has told the connection, whatever wake was promised before") {
  Finished finished;
  std::optional<SettleBatcher> batcher;
  int woken = 0;
  batcher.emplace(1, 100, finished, [&] {
    ++woken;
    CHECK(batcher->take());  // the connection makes room
  });
  std::string event;
  append_event(event, {.id = "e", .correlationid = "c", .data = std::string_view{"1234567890"}});
  const std::string large(100, 'x');
  std::string filling;
  append_event(filling, {.id = "f", .correlationid = "c", .data = large});
  const RunHead head{.source = "s/1", .topic = "t", .dataschema = "T"};
  CHECK(batcher->ack({.offset = 1, .delivery = 1}, {{head, filling}}));  // a wake that is put off
  CHECK(woken == 0);
  CHECK(batcher->ack({.offset = 2, .delivery = 1}, {{head, event}}));
  CHECK(woken == 1);
}

TEST_CASE("what one handler published is never parted") {
  Finished finished;
  SettleBatcher batcher{1, 10u << 20, finished};
  std::string large;
  const std::string data(200 << 10, 'x');
  append_event(large, {.id = "e", .correlationid = "c", .data = data});
  const Emit emit{{.source = "s/1", .topic = "t", .dataschema = "T"}, large};
  CHECK(batcher.ack({.offset = 1, .delivery = 1}, {emit, emit}));
  CHECK_FALSE(batcher.ack({.offset = 2, .delivery = 1}, {emit}));
  CHECK_FALSE(batcher.ack({.offset = 3, .delivery = 1}, {emit}));
  std::vector<std::string> shapes;
  for (std::uint64_t sequence = 1; auto frame = batcher.take(); ++sequence) {
    v1::ToBroker message;
    REQUIRE(message.ParseFromString(frame->header));
    shapes.push_back(std::to_string(message.settle().acks(0).first()) + ":" +
                     std::to_string(frame->body.bytes.size() >> 10) + "K");
    v1::Settled settled;
    settled.set_sequence(sequence);
    (void)batcher.settled(settled);
  }
  CHECK(shapes == std::vector<std::string>{"1:400K", "2:200K", "3:200K"});
}
