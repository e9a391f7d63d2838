// Replays that are about some events only, and such as stop at each.
#include "desk_bench.h"

using namespace reel;
using namespace reel::broker;
using namespace reel::broker::test;

namespace {

config::Model unhurried_model() {
  auto model = desk_model();
  model.services["payments"].ack_timeout = std::chrono::hours{1};
  return model;
}

/// payments has handled e1 to e4, each under a key of its own.
class ReplayBench : public DeskBench {
 public:
  ReplayBench() : DeskBench{unhurried_model()} {
    serves("payments", "order.placed");
    publishes("order.placed", {"e1 a", "e2 b", "e3 a", "e4 c"});
    until([&] { return got("payments") == all; });
    Answers answers;
    first = newest("payments") - 3;
    for (Offset offset = first; offset < first + 4; ++offset) answers.acks.push_back({offset});
    (void)settles("payments", answers);
  }
  std::string replays(const std::string& when, bool stepping = false) {
    v1::Command command;
    command.mutable_replay()->set_from_offset(1);
    command.mutable_replay()->set_when(when);
    command.mutable_replay()->set_stepping(stepping);
    return tells(command);
  }
  v1::ReplaysReply running() {
    v1::Request request;
    request.mutable_replays();
    return asks(request).replays();
  }
  std::string steps(std::uint64_t events) {
    v1::Command command;
    command.mutable_step_replay()->set_id(running().replays(0).replay().id());
    command.mutable_step_replay()->set_events(events);
    return tells(command);
  }
  void awaits_step() {
    until([&] { return running().replays(0).awaits_step(); });
  }
  void gets(const std::string& replayed) {
    until([&] { return got("payments") == all + replayed; });
  }
  /// Nothing more comes.
  void stays(const std::string& replayed) {
    for (int i = 0; i < 5; ++i) rest();
    CHECK(got("payments") == all + replayed);
  }

  const std::string all = "e1#1 e2#1 e3#1 e4#1";
  Offset first = 0;
};

}  // namespace

TEST_CASE("a replay with a `when` is about what that says yes to") {
  ReplayBench bench;
  SUBCASE("of the envelope") {
    CHECK(bench.replays(R"({"id": ["e2", {"prefix": "e4"}]})") == "1");
    bench.gets(" e2#1! e4#1!");
  }
  SUBCASE("of the flow, and an event that is no such is not handed over") {
    CHECK(bench.replays(R"({"correlationid": ["a"]})") == "1");
    bench.gets(" e1#1! e3#1!");
  }
  bench.until([&] { return bench.running().replays().empty(); });
}

TEST_CASE("a `when` that is none is refused with a place") {
  ReplayBench bench;
  CHECK(bench.replays(R"({"id": "e2"})") ==
        "bad when: id: expected a list such as [\"e2\"], or an object of fields");
  CHECK(bench.running().replays().empty());
}

TEST_CASE("a replay that goes step by step hands over as many events as it was let") {
  ReplayBench bench;
  CHECK(bench.replays("", true) == "1");
  bench.awaits_step();
  bench.stays("");
  CHECK(bench.running().replays(0).replay().next_offset() == bench.first);
  CHECK(bench.steps(1) == "1");
  bench.gets(" e1#1!");
  bench.stays(" e1#1!");
  bench.awaits_step();
  CHECK(bench.running().replays(0).replay().next_offset() == bench.first + 1);
  SUBCASE("several at once") {
    CHECK(bench.steps(2) == "1");
    bench.gets(" e1#1! e2#1! e3#1!");
    bench.stays(" e1#1! e2#1! e3#1!");
  }
  SUBCASE("or all that are left") {
    CHECK(bench.steps(0) == "1");
    bench.gets(" e1#1! e2#1! e3#1! e4#1!");
    bench.until([&] { return bench.running().replays().empty(); });
  }
  SUBCASE("it may be given more leave than there are events") {
    CHECK(bench.steps(~std::uint64_t{0}) == "1");
    bench.gets(" e1#1! e2#1! e3#1! e4#1!");
    bench.until([&] { return bench.running().replays().empty(); });
  }
  SUBCASE("what it has leave for, and what it is about, stand in the journal") {
    bench.restarts();
    CHECK(bench.running().replays(0).replay().steps() == 1);
    bench.serves("payments", "order.placed");
    bench.awaits_step();
    CHECK(bench.running().replays(0).replay().redelivered() == 1);
  }
}

TEST_CASE("leave for a replay that does not run, or does not stop, is refused") {
  ReplayBench bench;
  v1::Command step;
  step.mutable_step_replay()->set_id(7);
  CHECK(bench.tells(step) == "service 'payments' has no replay 7 under way that goes step by step");
}

TEST_CASE("a replay with a `when` goes on with it after a restart") {
  ReplayBench bench;
  CHECK(bench.replays(R"({"id": ["e2", "e4"]})", true) == "1");
  CHECK(bench.steps(1) == "1");
  bench.gets(" e2#1!");
  bench.restarts();
  bench.serves("payments", "order.placed");
  bench.gets(" e2#1! e2#1!");  // it was not answered
  CHECK(bench.steps(1) == "1");
  bench.gets(" e2#1! e2#1! e4#1!");
  bench.until([&] { return bench.running().replays().empty(); });
}
