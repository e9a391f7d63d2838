#include "gateway/events/feed_readers.h"

#include <doctest/doctest.h>

using reel::gateway::FeedReaders;
using reel::gateway::TextSource;

namespace {

/// A feed whose events are their offsets: "5 6" is what a client got, "gap 2-4" that it did not.
struct FeedBench {
  explicit FeedBench(FeedReaders::Kind kind) : readers{kind, 1'000} {}

  void comes(std::initializer_list<std::uint64_t> offsets) {
    for (const auto offset : offsets) readers.came(offset, "id: " + std::to_string(offset) + "\n\n");
  }
  void joins_group(std::uint64_t client, std::uint64_t offset) {
    readers.add_to_group(
        client, [] {}, offset);
  }
  /// From another feed, where it has had every event before this offset, or as one that asks for it.
  bool comes_over(std::uint64_t client, std::uint64_t offset) {
    return readers.add_at(client, [] {}, {.offset = offset, .next = offset});
  }
  /// What there is for this client now.
  std::string gets(std::uint64_t client) {
    std::string got;
    for (auto piece = readers.read(client, 1); piece.kind != TextSource::Piece::Kind::nothing;
         piece = readers.read(client, 1)) {
      got += (got.empty() ? "" : " ") + said(piece);
      if (piece.kind == TextSource::Piece::Kind::end) break;
    }
    return got;
  }
  /// "up to 7", and " of all" where there is no more.
  [[nodiscard]] std::string reached(std::uint64_t client) const {
    const auto reached = readers.reached(client);
    if (!reached) return "";
    return "up to " + std::to_string(reached->offset) + (reached->all ? " of all" : "");
  }

  FeedReaders readers;

 private:
  static std::string said(const TextSource::Piece& piece) {
    const auto field = [&](const std::string& name, char end) {
      const auto at = piece.text.find(name);
      const auto begin = at + name.size();
      return at == piece.text.npos ? "" : piece.text.substr(begin, piece.text.find(end, begin) - begin);
    };
    const auto event = field("event: ", '\n');
    if (event.empty()) return field("id: ", '\n');
    return event == "gap" ? "gap " + field("\"from\":", ',') + "-" + field("\"to\":", ',') : event;
  }
};

constexpr auto catch_up = FeedReaders::Kind::catch_up;
constexpr auto shared = FeedReaders::Kind::shared;

}  // namespace

TEST_CASE("a group gets each its own: from where it wants, and where that is gone, what is missing") {
  FeedBench bench{catch_up};
  bench.joins_group(1, 2);
  bench.joins_group(2, 6);
  bench.joins_group(3, 0);
  CHECK(bench.gets(1) == "");
  bench.readers.joined({.first_offset = 5, .end_offset = 8});
  bench.comes({5, 6, 7});
  CHECK(bench.gets(1) == "gap 2-4 5 6 7");
  CHECK(bench.gets(2) == "6 7");
  CHECK(bench.gets(3) == "5 6 7");
  CHECK(bench.reached(1) == "up to 8");
  CHECK(bench.readers.nothing_more(1));
  CHECK(bench.reached(1) == "up to 8 of all");
}

TEST_CASE("a shared feed serves who comes from then on, and at an offset what it still has from there") {
  FeedBench bench{shared};
  bench.readers.joined({.first_offset = 5, .end_offset = 5});
  bench.comes({5, 6});
  bench.readers.add(1, [] {});
  CHECK(bench.comes_over(2, 6));
  CHECK_FALSE(bench.comes_over(3, 4));
  bench.comes({7});
  CHECK(bench.gets(1) == "7");
  CHECK(bench.gets(2) == "6 7");
  CHECK(bench.reached(1) == "");
}

TEST_CASE("what comes again after a lost connection is given out once, and what is gone meanwhile is told") {
  FeedBench bench{shared};
  bench.readers.joined({.first_offset = 5, .end_offset = 5});
  bench.readers.add(1, [] {});
  bench.comes({5, 6});
  bench.readers.joined({.first_offset = 7, .end_offset = 7});
  bench.comes({6, 7});
  CHECK(bench.gets(1) == "5 6 7");
  bench.readers.joined({.first_offset = 20, .end_offset = 30});
  bench.comes({20});
  CHECK(bench.gets(1) == "gap 8-19 20");
}

TEST_CASE("of what left the journal only what a client may have missed is a gap") {
  FeedBench bench{shared};
  bench.readers.joined({.first_offset = 5, .end_offset = 5});
  bench.readers.add(1, [] {});
  bench.comes({5});
  bench.readers.heard({.upto = 25, .end_offset = 25});  // other topics' events
  CHECK(bench.gets(1) == "5");

  SUBCASE("which is nothing where all before was for others") {
    bench.readers.joined({.first_offset = 25, .end_offset = 30});
    CHECK(bench.gets(1) == "");
  }
  SUBCASE("and begins behind what was for others") {
    bench.readers.joined({.first_offset = 28, .end_offset = 30});
    CHECK(bench.gets(1) == "gap 25-27");
  }
}

TEST_CASE("what left the journal is missing for nobody who begins behind it") {
  FeedBench bench{catch_up};
  bench.joins_group(1, 2);
  bench.joins_group(2, 12);
  bench.joins_group(3, 25);
  bench.readers.joined({.first_offset = 2, .end_offset = 30});
  bench.comes({2, 3});
  bench.readers.joined({.first_offset = 20, .end_offset = 30});
  bench.comes({20, 26});
  CHECK(bench.gets(1) == "2 3 gap 4-19 20 26");
  CHECK(bench.gets(2) == "gap 12-19 20 26");
  CHECK(bench.gets(3) == "26");
}

TEST_CASE("on a quiet topic a client that has caught up can go over to a feed that began later") {
  FeedBench group{catch_up};
  group.joins_group(1, 5);
  group.readers.joined({.first_offset = 5, .end_offset = 40});
  group.comes({5});
  CHECK(group.gets(1) == "5");
  FeedBench live{shared};
  live.readers.joined({.first_offset = 40, .end_offset = 40});
  CHECK_FALSE(live.readers.add_at(
      1, [] {}, *group.readers.reached(1)));
  group.readers.heard({.upto = 45, .end_offset = 45});
  CHECK(group.reached(1) == "up to 45");
  CHECK(live.readers.add_at(
      1, [] {}, *group.readers.reached(1)));
  live.comes({44, 46});
  CHECK(live.gets(1) == "46");
}

TEST_CASE("and tries so with each watermark, for the other feed may hear of it later") {
  FeedBench bench{catch_up};
  bench.joins_group(1, 5);
  bench.readers.joined({.first_offset = 5, .end_offset = 5});
  CHECK(bench.readers.nothing_more(100));
  CHECK_FALSE(bench.readers.nothing_more(100));
  CHECK(bench.readers.nothing_more(200));
  bench.readers.share();
  CHECK_FALSE(bench.readers.nothing_more(300));
}

TEST_CASE("who comes over from a feed that was further gets nothing twice") {
  FeedBench bench{shared};
  bench.readers.joined({.first_offset = 5, .end_offset = 5});
  bench.comes({5, 6});
  bench.readers.heard({.end_offset = 9});
  CHECK(bench.comes_over(1, 8));
  bench.comes({7});
  CHECK(bench.gets(1) == "");
  bench.comes({8, 9});
  CHECK(bench.gets(1) == "8 9");
}

TEST_CASE("who is further than the journal is known to be waits until it is known, or asks the broker") {
  FeedBench bench{shared};
  bench.readers.joined({.first_offset = 5, .end_offset = 5});
  CHECK_FALSE(bench.comes_over(1, 1'000'000));
  bench.comes({5});
  CHECK(bench.comes_over(1, 6));
}

TEST_CASE("where a group's feed becomes the shared one, each still gets its own") {
  FeedBench bench{catch_up};
  bench.joins_group(1, 5);
  bench.joins_group(2, 8);
  bench.readers.joined({.first_offset = 5, .end_offset = 9});
  bench.comes({5, 6, 7});
  CHECK(bench.gets(1) == "5 6 7");
  bench.readers.share();
  bench.comes({8});
  CHECK(bench.gets(1) == "8");
  CHECK(bench.gets(2) == "8");
}

TEST_CASE("and who was too slow for the backlog is cut off, not led past what it lost") {
  FeedBench bench{catch_up};
  bench.joins_group(1, 5);
  bench.joins_group(2, 5);
  bench.readers.joined({.first_offset = 5, .end_offset = 9});
  bench.comes({5});
  CHECK(bench.gets(1) == "5");
  bench.readers.share();
  for (std::uint64_t offset = 6; offset < 200; ++offset) bench.comes({offset});
  CHECK(bench.gets(2) == "cut-off");
}

TEST_CASE("where the broker comes back without its newest events, what comes at their offsets is given out") {
  FeedBench bench{shared};
  bench.readers.joined({.first_offset = 5, .end_offset = 5});
  bench.readers.add(1, [] {});
  bench.readers.add(2, [] {});
  bench.comes({5, 6, 7, 8});
  CHECK(bench.gets(1) == "5 6 7 8");
  bench.readers.joined({.first_offset = 7, .end_offset = 7});
  CHECK(bench.comes_over(3, 7));
  bench.comes({7, 9});
  CHECK(bench.gets(1) == "gap 7-8 7 9");
  CHECK(bench.gets(2) == "5 6 7 8 gap 7-8 7 9");
  CHECK(bench.gets(3) == "7 9");
  CHECK(bench.readers.read(1, 1).text.empty());
  CHECK_FALSE(bench.comes_over(4, 6));
  CHECK(bench.comes_over(4, 8));
  CHECK(bench.gets(4) == "9");
}

TEST_CASE("who comes back to such a broker first is told so, and goes on from the journal's end") {
  FeedBench bench{catch_up};
  bench.joins_group(1, 9);
  bench.joins_group(2, 6);
  bench.readers.joined({.first_offset = 6, .end_offset = 7});
  CHECK(
      bench.readers.read(1, 1).text ==
      "id: 6\nevent: gap\ndata: {\"from\":7,\"to\":8,\"detail\":\"the journal ends before these offsets: its "
      "broker has come back without them, or it is another; what comes at them is new\"}\n\n");
  bench.comes({6, 7});
  CHECK(bench.gets(1) == "7");
  CHECK(bench.gets(2) == "6 7");
}

TEST_CASE("a group that has not come to where its members begin when that happens gets what is new") {
  FeedBench bench{catch_up};
  bench.joins_group(1, 2);
  bench.joins_group(2, 8);
  bench.readers.joined({.first_offset = 2, .end_offset = 9});
  bench.comes({2, 3, 4});
  CHECK(bench.gets(2) == "");
  bench.readers.joined({.first_offset = 4, .end_offset = 4});
  bench.comes({4, 5});
  CHECK(bench.gets(1) == "2 3 4 gap 4-4 4 5");
  CHECK(bench.gets(2) == "gap 4-4 4 5");
}

TEST_CASE("a quiet stream's beat says up to where all has come, once, and not while there is more to read") {
  FeedBench bench{shared};
  bench.readers.joined({.first_offset = 5, .end_offset = 5});
  bench.readers.add(1, [] {});
  bench.comes({5});
  bench.readers.heard({.upto = 25, .end_offset = 25});
  CHECK(bench.readers.beat(1) == ": beat\n\n");
  CHECK(bench.gets(1) == "5");
  CHECK(bench.readers.beat(1) == "id: 24\n: beat\n\n");
  CHECK(bench.readers.beat(1) == ": beat\n\n");
  CHECK(bench.readers.beat(2) == ": beat\n\n");
}
