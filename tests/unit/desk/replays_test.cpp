// Replays that hand over a choice of what passed, or one step after the other.
#include <limits>

#include "desk_bench.h"

using namespace reel;
using namespace reel::broker;
using namespace reel::broker::test;

namespace {

config::Model remembering() {
  auto model = desk_model();
  model.broker.tail_bytes_max = 1 << 20;  // until a restart, nothing is waited for
  return model;
}

/// payments has handled a1 to a4, a2 of another flow; a replay of all of it can be told what to leave out.
struct Handled : DeskBench {
  Handled() : DeskBench{remembering()} {
    serves("payments", "order.placed");
    publishes("order.placed", {"a1 k", "a2 other", "a3 k", "a4 k"});
    until([&] { return got("payments") == "a1#1 a2#1 a3#1 a4#1"; });
    handles_all();
    replay.set_from_offset(1);
  }
  /// Everything that it was handed.
  void handles_all() {
    Answers answers;
    for (; next <= newest("payments"); ++next) answers.acks.push_back({.offset = next});
    if (!answers.acks.empty()) (void)settles("payments", answers);
    rest();
  }
  std::string begins() {
    v1::Command command;
    *command.mutable_replay() = replay;
    auto answer = tells(command);
    rest();
    return answer;
  }
  std::string steps(std::uint64_t events) {
    v1::Command command;
    command.mutable_step_replay()->set_id(id());
    command.mutable_step_replay()->set_events(events);
    auto answer = tells(command);
    rest();
    return answer;
  }
  v1::ReplaysReply under_way() {
    v1::Request request;
    request.mutable_replays();
    return asks(request).replays();
  }
  Offset id() {
    const auto replays = under_way();
    return replays.replays().empty() ? 0 : replays.replays(0).replay().id();
  }
  /// "1 of 2": handed over, of so many that it may.
  std::string progress() {
    const auto replays = under_way();
    if (replays.replays().empty()) return "over";
    const auto& running = replays.replays(0).replay();
    return std::to_string(running.redelivered()) + " of " +
           (running.stepping() ? std::to_string(running.steps()) : "all");
  }
  /// The broker reads from its disk again, and payments is back.
  void comes_back(const std::optional<v1::Snapshot>& saved = std::nullopt) {
    restarts(saved);
    serves("payments", "order.placed");
  }
  /// What payments was handed once more, and has handled by now.
  std::string more() {
    for (int round = 0; round < 4; ++round) {
      rest();
      handles_all();
    }
    const auto& all = got("payments");
    return all.substr(std::min(all.size(), before.size()));
  }

  v1::Replay replay;
  Offset next = 1;
  const std::string before = "a1#1 a2#1 a3#1 a4#1";
};

}  // namespace

TEST_CASE("a replay hands over what its `when` says yes to, and ends") {
  Handled bench;
  bench.replay.set_when(R"({"correlationid": [{"anything-but": "other"}], "id": [{"suffix": "3"}, "a1"]})");
  CHECK(bench.begins() == "1");
  CHECK(bench.more() == " a1#1! a3#1!");
  CHECK(bench.progress() == "over");
}

TEST_CASE("a `when` is asked of what topics, flow and speed leave") {
  Handled bench;
  bench.replay.set_correlationid("k");
  bench.replay.add_patterns("order.*");
  bench.replay.set_when(R"({"id": ["a2", "a4"]})");
  CHECK(bench.begins() == "1");
  CHECK(bench.more() == " a4#1!");
}

TEST_CASE("a `when` looks at payloads, too") {
  Handled bench;
  bench.publishes("order.placed", {"a5 k"}, 7, 3);
  bench.until([&] { return bench.got("payments") == bench.before + " a5#1"; });
  bench.replay.set_when(R"({"data": ["xxx"]})");
  CHECK(bench.begins() == "1");
  CHECK(bench.more() == " a5#1 a5#1!");
  CHECK(bench.progress() == "over");
}

TEST_CASE("a bad `when` begins nothing, and is refused with its place and the reason") {
  const std::vector<std::pair<std::string, std::string>> bad{
      {"{", "bad when: "},
      {R"({"id": "a1"})", "bad when: id: "},
      {R"({"id": [{"sufix": "3"}]})", "bad when: id[0]: unknown operator 'sufix', did you mean 'suffix'?"},
      {R"({"nothing.like.it": []})", "bad when: "},
      {std::string(pattern_bytes_max + 1, ' '), "bad when: "},
      {std::string(4'000, '['), "bad when: "},
      {std::string{"\0{}", 3}, "bad when: "},
      {"\xff\xfe", "bad when: "}};
  Handled bench;
  for (const auto& [when, refusal] : bad) {
    bench.replay.set_when(when);
    const auto answer = bench.begins();
    CHECK_MESSAGE(answer.starts_with(refusal), when.substr(0, 40), " was answered ", answer);
  }
  CHECK(bench.progress() == "over");
  CHECK(bench.more().empty());
}

TEST_CASE("a `when` is kept over a restart, by the journal and by a snapshot") {
  Handled bench;
  bench.replay.set_when(R"({"id": ["a2", "a4"]})");
  bench.replay.set_stepping(true);
  CHECK(bench.begins() == "1");
  CHECK(bench.steps(1) == "1");
  CHECK(bench.more() == " a2#1!");
  SUBCASE("by the journal") {
    bench.comes_back();
  }
  SUBCASE("by a snapshot") {
    const auto saved = bench.desk().snapshot();
    REQUIRE(saved.replays_size() == 1);
    CHECK(saved.replays(0).replay().when() == bench.replay.when());
    CHECK(saved.replays(0).replay().steps() == 1);
    bench.comes_back(saved);
  }
  CHECK(bench.steps(0) == "1");
  bench.until([&] { return bench.more() == " a2#1! a4#1!"; });
  CHECK(bench.progress() == "over");
}

TEST_CASE("step by step, nothing is handed over until it is told, and then no more than that") {
  Handled bench;
  bench.replay.set_stepping(true);
  CHECK(bench.begins() == "1");
  CHECK(bench.more().empty());
  CHECK(bench.progress() == "0 of 0");
  CHECK(bench.steps(1) == "1");
  CHECK(bench.more() == " a1#1!");
  CHECK(bench.progress() == "1 of 1");
  CHECK(bench.steps(2) == "1");
  CHECK(bench.more() == " a1#1! a2#1! a3#1!");
  SUBCASE("the last step ends it: none is left to wait for") {
    CHECK(bench.steps(1) == "1");
    CHECK(bench.more() == " a1#1! a2#1! a3#1! a4#1!");
    CHECK(bench.progress() == "over");
  }
  SUBCASE("more than there is ends it, too") {
    CHECK(bench.steps(std::numeric_limits<std::uint64_t>::max()) == "1");
    CHECK(bench.more() == " a1#1! a2#1! a3#1! a4#1!");
    CHECK(bench.progress() == "over");
  }
  SUBCASE("0 goes on without stopping") {
    CHECK(bench.steps(0) == "1");
    CHECK(bench.more() == " a1#1! a2#1! a3#1! a4#1!");
    CHECK(bench.progress() == "over");
  }
  SUBCASE("it can be cancelled while it waits") {
    v1::Command cancel;
    cancel.set_cancel_replay(bench.id());
    CHECK(bench.tells(cancel) == "1");
    CHECK(bench.progress() == "over");
  }
}

TEST_CASE("steps add up, whatever the service has answered by then") {
  Handled bench;
  bench.replay.set_stepping(true);
  CHECK(bench.begins() == "1");
  for (int step = 0; step < 3; ++step) CHECK(bench.steps(1) == "1");
  CHECK(bench.progress() == "3 of 3");
  CHECK(bench.more() == " a1#1! a2#1! a3#1!");
  CHECK(bench.steps(std::numeric_limits<std::uint64_t>::max()) == "1");
  CHECK(bench.more() == " a1#1! a2#1! a3#1! a4#1!");
}

TEST_CASE("a step that is told while the disk is behind is not taken back by what is written meanwhile") {
  Handled bench;
  bench.replay.set_stepping(true);
  CHECK(bench.begins() == "1");
  v1::Command step;
  step.mutable_step_replay()->set_id(bench.id());
  step.mutable_step_replay()->set_events(1);
  bench.disk_stalls();
  bench.begins_to_tell(step);
  bench.begins_to_tell(step);
  bench.disk_has_room();
  CHECK(bench.more() == " a1#1! a2#1!");
  CHECK(bench.progress() == "2 of 2");
}

TEST_CASE("what has been told of steps survives a restart") {
  Handled bench;
  bench.replay.set_stepping(true);
  CHECK(bench.begins() == "1");
  CHECK(bench.steps(1) == "1");
  CHECK(bench.more() == " a1#1!");
  bench.comes_back();
  CHECK(bench.progress() == "1 of 1");
  CHECK(bench.steps(2) == "1");
  bench.until([&] { return bench.more() == " a1#1! a2#1! a3#1!"; });
  bench.comes_back();
  CHECK(bench.progress() == "3 of 3");
  CHECK(bench.steps(0) == "1");
  bench.until([&] { return bench.more() == " a1#1! a2#1! a3#1! a4#1!"; });
}

TEST_CASE("only a replay that goes step by step can be told a step") {
  Handled bench;
  CHECK(bench.steps(1) == "service 'payments' has no replay 0 under way");
  bench.leaves("payments");
  bench.replay.set_steps(7);  // of no replay without stepping
  CHECK(bench.begins() == "1");
  REQUIRE(bench.id() != 0);
  CHECK(bench.under_way().replays(0).replay().steps() == 0);
  CHECK(bench.steps(1) == "replay " + std::to_string(bench.id()) + " does not go step by step");
}
