#include "gateway/events/gathering.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>

using reel::gateway::Gathering;

namespace {

/// What was offered so far, as text: "a b c".
struct GatheringBench {
  explicit GatheringBench(std::size_t waiting_max = 10)
      : gathering{[this](std::function<void()> job) { after_turn.push_back(std::move(job)); },
                  {.requests = waiting_max, .bytes = 100}} {}
  void offer(const std::string& name, std::size_t bytes = 1) {
    gathering.offer(bytes, [this, name] { offered += (offered.empty() ? "" : " ") + name; });
  }
  std::string turn_ends() {
    for (const auto& job : std::exchange(after_turn, {})) job();
    return offered;
  }
  std::string answered() {
    gathering.answered();
    return offered;
  }
  std::vector<std::function<void()>> after_turn;
  Gathering gathering;
  std::string offered;
};

}  // namespace

TEST_CASE("what comes in one turn goes together, and so does what comes while others are under way") {
  GatheringBench bench;
  bench.offer("a");
  bench.offer("b");
  CHECK(bench.offered.empty());
  CHECK(bench.turn_ends() == "a b");
  bench.offer("c");
  CHECK(bench.turn_ends() == "a b");
  bench.offer("d");
  CHECK(bench.answered() == "a b");
  CHECK(bench.answered() == "a b c d");
  CHECK(bench.answered() == "a b c d");
  CHECK(bench.answered() == "a b c d");
  bench.offer("e");
  CHECK(bench.turn_ends() == "a b c d e");
}

TEST_CASE("behind a broker that is silent no more wait than may") {
  GatheringBench bench{2};
  bench.offer("a");
  CHECK(bench.turn_ends() == "a");
  bench.offer("b");
  bench.offer("c");
  CHECK(bench.offered == "a");
  bench.offer("d");
  CHECK(bench.offered == "a b c d");  // all of them, in order; the publisher refuses what it has no room for
  for (int i = 0; i < 4; ++i) CHECK(bench.answered() == "a b c d");
}

TEST_CASE("nor more than a frame holds") {
  GatheringBench bench;
  bench.offer("a");
  CHECK(bench.turn_ends() == "a");
  bench.offer("b", 60);
  CHECK(bench.offered == "a");
  bench.offer("c", 60);
  CHECK(bench.offered == "a b c");
}

TEST_CASE("at the end nothing waits any more") {
  GatheringBench bench;
  bench.offer("a");
  CHECK(bench.turn_ends() == "a");
  bench.offer("b");
  bench.gathering.stop();
  CHECK(bench.offered == "a b");
  bench.offer("c");
  CHECK(bench.offered == "a b c");
  for (int i = 0; i < 3; ++i) CHECK(bench.answered() == "a b c");
}

TEST_CASE("what is answered while it is offered keeps nobody waiting") {
  GatheringBench bench;
  int offered = 0;
  const auto refused = [&] {
    ++offered;
    bench.gathering.answered();
  };
  bench.gathering.offer(1, refused);
  bench.gathering.offer(1, refused);
  bench.turn_ends();
  CHECK(offered == 2);
  bench.gathering.offer(1, refused);
  bench.turn_ends();
  CHECK(offered == 3);
}
