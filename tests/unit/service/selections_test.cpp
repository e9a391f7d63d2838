#include "service/selections.h"

#include <doctest/doctest.h>

#include "event/batch.h"

using namespace reel;
using namespace reel::broker;

namespace {

/// A journal of batches on order.placed, whose events have a subject each, and services that want some of
/// them.
class SelectionBench {
 public:
  void wants(ServiceIndex service, const std::string& subject) {
    v1::Pattern pattern;
    pattern.set_pattern("order.placed");
    pattern.set_when(R"({"subject": [")" + subject + R"("]})");
    router_.subscribe(service, std::vector{pattern});
  }

  void wants_prefix(ServiceIndex service, const std::string& prefix) {
    v1::Pattern pattern;
    pattern.set_pattern("order.placed");
    pattern.set_when(R"({"subject": [{"prefix": ")" + prefix + R"("}]})");
    router_.subscribe(service, std::vector{pattern});
  }

  const StoredBatch& commits(const std::vector<std::string>& subjects) {
    BatchWriter writer;
    writer.begin_run({.source = "shop", .topic = "order.placed", .dataschema = "T"});
    for (const auto& subject : subjects) writer.add({.id = "e", .correlationid = "c", .subject = subject});
    auto& batch = batches_.emplace_back();
    batch.append_own(writer.take());
    batch.first_offset = next_;
    next_ += subjects.size();
    selections_.note(batch);
    return batch;
  }

  /// "1 3 <4": indices, and up to where they are known. "?": ask one by one.
  std::string picked(ServiceIndex service, const StoredBatch& batch, std::uint32_t until = 100) {
    const auto picked = selections_.of(service, batch, std::min(until, batch.count()), asks);
    if (!picked) return "?";
    std::string text;
    for (const auto index : picked->events) text += std::to_string(index) + " ";
    return text + "<" + std::to_string(picked->end);
  }

  std::size_t asks = 1'000;

 private:
  Router router_{config::Model{}};
  Selections selections_{router_};
  std::deque<StoredBatch> batches_;
  Offset next_ = 1;
};

}  // namespace

TEST_CASE("the first service that comes to a batch has it asked for all of them") {
  SelectionBench bench;
  bench.wants(1, "a");
  bench.wants(2, "b");
  const auto& batch = bench.commits({"a", "b", "c", "a"});
  CHECK(bench.picked(1, batch) == "0 3 <4");
  const auto left = bench.asks;
  CHECK(left < 1'000);
  CHECK(bench.picked(2, batch) == "1 <4");
  CHECK(bench.picked(3, batch) == "<4");
  CHECK(bench.asks == left);
}

TEST_CASE("what a turn has no patience for is asked in the next one") {
  SelectionBench bench;
  bench.wants(1, "a");
  const auto& batch = bench.commits({"b", "a", "a", "a"});
  bench.asks = 3;  // one for each event, and one for each pattern that could match
  CHECK(bench.picked(1, batch) == "1 <2");
  CHECK(bench.asks == 0);
  CHECK(bench.picked(1, batch) == "1 <2");
  bench.asks = 100;
  CHECK(bench.picked(1, batch, 3) == "1 2 <3");
  CHECK(bench.picked(1, batch) == "1 2 3 <4");
}

TEST_CASE("once somebody wants something else, what was asked before is forgotten") {
  SelectionBench bench;
  bench.wants(1, "a");
  const auto& batch = bench.commits({"a", "b"});
  CHECK(bench.picked(1, batch) == "0 <2");
  bench.wants(1, "b");
  CHECK(bench.picked(1, batch) == "?");
  CHECK(bench.picked(1, bench.commits({"a", "b"})) == "1 <2");
}

TEST_CASE("nobody asks for many others whose patterns no value can find") {
  SelectionBench bench;
  bench.wants(1, "a");
  for (ServiceIndex other = 2; other < 3 + asked_always_max; ++other) bench.wants_prefix(other, "x");
  CHECK(bench.picked(1, bench.commits({"a", "b"})) == "?");
}

TEST_CASE("batches that are no longer among the newest, or nobody was choosy about, are asked one by one") {
  SelectionBench bench;
  const auto& before = bench.commits({"a"});
  bench.wants(1, "a");
  CHECK(bench.picked(1, before) == "?");
  const auto& old = bench.commits({"a"});
  for (std::size_t i = 0; i < selections_max; ++i) (void)bench.commits({"b"});
  CHECK(bench.picked(1, old) == "?");
}
