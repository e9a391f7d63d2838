#include "gateway/events/catch_up_line.h"

#include <doctest/doctest.h>

#include <string>

using namespace reel::gateway;

namespace {

/// A line that clients are told of as text: "7 from 100", "8 from earliest of payment.*".
struct LineBench {
  void enters(std::uint64_t client, std::uint64_t offset, const std::string& topics = "order.*") {
    StreamRequest wanted{.patterns = {topics}, .offset = offset};
    wanted.from = offset == 0 ? StreamRequest::From::earliest : StreamRequest::From::offset;
    line.enter({client, wanted, [] {}});
  }
  /// "from 98 of order.*: 7 8".
  std::string next() {
    const auto group = line.take();
    std::string text = group.begin.from == StreamRequest::From::earliest
                           ? "from earliest"
                           : "from " + std::to_string(group.begin.offset);
    text += " of " + group.begin.topics() + ":";
    for (const auto& waiting : group.clients) text += " " + std::to_string(waiting.client);
    return text;
  }
  CatchUpLine line;
};

}  // namespace

TEST_CASE("a crowd that comes back is one group, from the first offset that any of them wants") {
  LineBench bench;
  bench.enters(1, 100);
  bench.enters(2, 98);
  bench.enters(3, 105);
  CHECK(bench.next() == "from 98 of order.*: 1 2 3");
  CHECK(bench.line.empty());
}

TEST_CASE("who wants other topics, or is far away, waits for a turn of its own, in the order of coming") {
  LineBench bench;
  bench.enters(1, 1'000'000);
  bench.enters(2, 5);
  bench.enters(3, 1'000'000 + catch_up_span, "payment.*");
  bench.enters(4, 1'000'000 - catch_up_span);
  bench.enters(5, 0);
  bench.enters(6, 6);
  bench.enters(7, 0);
  CHECK(bench.next() == "from 900000 of order.*: 1 4");
  CHECK(bench.next() == "from 5 of order.*: 2 6");
  CHECK(bench.next() == "from 1100000 of payment.*: 3");
  CHECK(bench.next() == "from earliest of order.*: 5 7");
  CHECK(bench.line.empty());
}

TEST_CASE("who hangs up waits no more") {
  LineBench bench;
  bench.enters(1, 100);
  bench.enters(2, 100);
  bench.line.leave(1);
  bench.line.leave(9);
  CHECK(bench.next() == "from 100 of order.*: 2");
}
