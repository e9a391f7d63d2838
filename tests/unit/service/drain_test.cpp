#include "service/drain.h"

#include <doctest/doctest.h>

#include <initializer_list>

using namespace reel;
using namespace reel::broker;

namespace {

constexpr LogTime second = 1'000'000'000;

/// One each second.
Drain drain_of(std::initializer_list<std::uint64_t> waiting) {
  Drain drain;
  LogTime now = 1'000 * second;
  for (const auto one : waiting) drain.note(now += second, one);
  return drain;
}

}  // namespace

TEST_CASE("a backlog that shrinks evenly ends when it would at that rate") {
  CHECK(drain_of({1'000, 900, 800, 700, 600, 500}).left(500) == 5 * second);
  CHECK(drain_of({1'000, 1'000, 700, 700, 400, 400}).left(400) == 4 * second);  // answered in batches
}

TEST_CASE("a backlog that grows, stands still or has just begun has no end that anybody could name") {
  CHECK(drain_of({100, 200, 300, 400, 500, 600}).left(600) == std::nullopt);
  CHECK(drain_of({100, 100, 100, 100, 100, 100}).left(100) == std::nullopt);
  CHECK(drain_of({1'000, 900, 800, 700, 600}).left(600) == std::nullopt);
  SUBCASE("nor has one that is over, or another that comes then") {
    CHECK(drain_of({1'000, 900, 800, 700, 600, 500}).left(0) == std::nullopt);
    CHECK(drain_of({1'000, 900, 800, 700, 600, 0, 500}).left(500) == std::nullopt);
  }
  SUBCASE("nor one that would take a year") {
    CHECK(drain_of({1u << 30, 1u << 30, 1u << 30, 1u << 30, 1u << 30, (1u << 30) - 1}).left(1u << 30) ==
          std::nullopt);
  }
}

TEST_CASE("only the last half minute counts") {
  Drain drain;
  LogTime now = 1'000 * second;
  for (std::uint64_t waiting = 100; waiting < 1'000; waiting += 10) drain.note(now += second, waiting);
  CHECK(drain.left(1'000) == std::nullopt);
  for (std::uint64_t waiting = 1'000; waiting > 850; waiting -= 5) drain.note(now += second, waiting);
  CHECK(drain.left(850) == 170 * second);
}
