#include "gateway/events/backlog.h"

#include <doctest/doctest.h>

using reel::gateway::Backlog;

namespace {

/// Five events of ten bytes, at offsets 10, 20, …
Backlog five(std::size_t bytes_max) {
  Backlog backlog{bytes_max};
  for (std::uint64_t i = 1; i <= 5; ++i)
    backlog.add(i * 10, std::string(9, static_cast<char>('a' + i - 1)) + "\n");
  return backlog;
}

}  // namespace

TEST_CASE("each client reads at its own cursor, whole events at a time") {
  const auto backlog = five(1'000);
  auto read = backlog.read(0, 15);
  CHECK(read.text == "aaaaaaaaa\nbbbbbbbbb\n");
  CHECK(read.next == 2);
  read = backlog.read(read.next, 1'000);
  CHECK(read.text == "ccccccccc\nddddddddd\neeeeeeeee\n");
  CHECK(read.next == backlog.end());
  CHECK(backlog.read(backlog.end(), 1'000).text.empty());
  CHECK_FALSE(backlog.read(backlog.end(), 1'000).lost);
}

TEST_CASE("the oldest make room, and who has not read them is told that they are lost") {
  const auto backlog = five(30);
  CHECK(backlog.read(1, 100).lost);
  CHECK(backlog.read(2, 100).text == "ccccccccc\nddddddddd\neeeeeeeee\n");
  CHECK(backlog.bytes_from(0) == 30);
  CHECK(backlog.bytes_from(4) == 10);
}

TEST_CASE("one event larger than all the room is kept alone") {
  Backlog backlog{10};
  backlog.add(1, "small");
  backlog.add(2, std::string(100, 'x'));
  CHECK(backlog.read(1, 10).text.size() == 100);
  CHECK(backlog.read(0, 10).lost);
}

TEST_CASE("a client comes back at an offset where everything from there on is kept") {
  const auto backlog = five(30);  // 30, 40 and 50 are
  CHECK_FALSE(backlog.holds(20, 0));
  CHECK(backlog.holds(21, 0));
  CHECK(backlog.at(21) == 2);
  CHECK(backlog.at(40) == 3);
  CHECK(backlog.at(51) == backlog.end());
  CHECK(backlog.holds(60, 0));
  // What the subscription never brought is not kept either.
  CHECK_FALSE(Backlog{30}.holds(5, 6));
  CHECK(Backlog{30}.holds(6, 6));
}

TEST_CASE("where offsets begin again, places are asked of what came since, and who is behind reads it all") {
  auto backlog = five(1'000);
  backlog.begin_again();
  backlog.add(25, "new\n");
  CHECK(backlog.at(20) == 5);
  CHECK(backlog.at(25) == 5);
  CHECK(backlog.at(26) == backlog.end());
  CHECK(backlog.read(4, 1'000).text == "eeeeeeeee\nnew\n");
  backlog.drop_before(5);
  CHECK(backlog.holds(25, 25));
  CHECK(backlog.at(25) == 5);
  backlog.drop_before(6);
  CHECK_FALSE(backlog.holds(25, 25));
}

TEST_CASE("what nobody wants any more can be dropped, and the limit set later") {
  auto backlog = five(1'000);
  backlog.drop_before(2);
  CHECK(backlog.bytes_from(0) == 30);
  backlog.limit(20);
  CHECK(backlog.bytes_from(0) == 20);
  CHECK(backlog.read(3, 100).text == "ddddddddd\neeeeeeeee\n");
  backlog.drop_before(99);
  CHECK(backlog.empty());
  CHECK(backlog.end() == 5);
}
