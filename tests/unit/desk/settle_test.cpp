// Settling: what a handler published counts once, with the answer to the delivery that its instance holds.
#include "desk_bench.h"

using namespace reel;
using namespace reel::broker;
using namespace reel::broker::test;

namespace {

/// payments has the one event, at `placed`, for the second time: its first answer is late.
struct HandledTwice : DeskBench {
  HandledTwice() : DeskBench{in_memory()} {
    serves("payments", "order.placed");
    serves("audit", "order.paid");
    publishes("order.placed", {"e1 k"});
    until([&] { return got("payments") == "e1#1"; });
    placed = newest("payments");
    advance(std::chrono::seconds{1});
    until([&] { return desk().next_deadline() != 0; });  // taken back
    advance(std::chrono::milliseconds{10});
    until([&] { return got("payments") == "e1#1 e1#2"; });
  }
  /// What becomes of one frame: its answer, what audit got, what payments was sent anew.
  std::string outcome(const Answers& answers) {
    const auto before = got("payments").size();
    auto text = settles("payments", answers);
    text += " | " + got("audit");
    advance(std::chrono::milliseconds{10});
    rest();
    return text + " | " + got("payments").substr(before);
  }

  static config::Model in_memory() {
    auto model = desk_model();
    model.broker.tail_bytes_max = 1 << 20;  // nothing is waited for
    return model;
  }

  Offset placed = 0;
};

}  // namespace

TEST_CASE(
    "of two acks of one event in a frame the one to the delivery held counts, and one group of events") {
  HandledTwice bench;
  const auto at = bench.placed;
  const auto stale = "stale " + std::to_string(at);
  SUBCASE("the late one first") {
    CHECK(bench.outcome({.acks = {{at, 1}, {at, 2}}, .emits = {{at, "first"}, {at, "second"}}}) ==
          stale + " | first#1 | ");
  }
  SUBCASE("the late one last") {
    CHECK(bench.outcome({.acks = {{at, 2}, {at, 1}}, .emits = {{at, "first"}, {at, "second"}}}) ==
          stale + " | first#1 | ");
  }
  SUBCASE("the same one twice") {
    CHECK(bench.outcome({.acks = {{at, 2}, {at, 2}}, .emits = {{at, "first"}, {at, "second"}}}) ==
          stale + " | first#1 | ");
  }
  SUBCASE("late ones alone: nothing of it counts") {
    CHECK(bench.outcome({.acks = {{at, 1}, {at, 1}}, .emits = {{at, "first"}, {at, "second"}}}) ==
          stale + " " + stale + " |  | ");
  }
}

TEST_CASE("of an ack and a nack of one event in a frame the one to the delivery held counts") {
  HandledTwice bench;
  const auto at = bench.placed;
  const auto stale = "stale " + std::to_string(at);
  SUBCASE("the ack, with its events") {
    CHECK(bench.outcome({.acks = {{at, 2}}, .nacks = {{at, 1}}, .emits = {{at, "paid"}}}) ==
          stale + " | paid#1 | ");
  }
  SUBCASE("the nack: the late ack's events do not") {
    CHECK(bench.outcome({.acks = {{at, 1}}, .nacks = {{at, 2}}, .emits = {{at, "paid"}}}) ==
          stale + " |  |  e1#3");
  }
  SUBCASE("of one delivery the ack") {
    CHECK(bench.outcome({.acks = {{at, 2}}, .nacks = {{at, 2}}, .emits = {{at, "paid"}}}) ==
          stale + " | paid#1 | ");
  }
}

TEST_CASE("an event that is refused makes a nack of the answer that counts, however often it is answered") {
  HandledTwice bench;
  const auto at = bench.placed;
  const auto refused = "refused " + std::to_string(at) + " REFUSAL_UNKNOWN_TOPIC";
  SUBCASE("the late one first") {
    CHECK(bench.outcome({.acks = {{at, 1}, {at, 2}}, .emits = {{at, "x", "no.topic"}}}) ==
          refused + " |  |  e1#3");
  }
  SUBCASE("the late one last") {
    CHECK(bench.outcome({.acks = {{at, 2}, {at, 1}}, .emits = {{at, "x", "no.topic"}}}) ==
          refused + " |  |  e1#3");
  }
}

TEST_CASE("what a handler overstays is taken back and said so; what has not begun may wait") {
  DeskBench bench{HandledTwice::in_memory()};
  bench.serves("payments", "order.placed", true);
  bench.publishes("order.placed", {"e1 k", "e2 k", "e3 m"});
  bench.until([&] { return bench.got("payments") == "e1#1 e2#1 e3#1"; });
  const auto e1 = bench.newest("payments") - 2;
  bench.advance(std::chrono::seconds{10});  // its ack_timeout is 1 s
  bench.rest();
  CHECK(bench.got("payments") == "e1#1 e2#1 e3#1");
  bench.beats("payments", {e1});
  bench.advance(std::chrono::seconds{1});
  bench.rest();
  bench.rest();
  const auto taken = "(-" + std::to_string(e1) + "#1) (-" + std::to_string(e1 + 1) + "#1)";
  CHECK(bench.got("payments") == "e1#1 e2#1 e3#1 " + taken + " e1#2 e2#2");
}

TEST_CASE("beats that name nonsense do no harm") {
  DeskBench bench{HandledTwice::in_memory()};
  bench.serves("payments", "order.placed", true);
  bench.beats("payments", {0, 1, 77, ~Offset{0}});
  bench.publishes("order.placed", {"e1 k"});
  bench.until([&] { return bench.got("payments") == "e1#1"; });
  bench.beats("payments", {~Offset{0}, bench.newest("payments") + 1});
  CHECK(bench.settles("payments", {.acks = {{bench.newest("payments"), 1}}}) == "");
}
