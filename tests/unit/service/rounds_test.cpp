// The pauses between rounds of deliveries.
#include "service/rounds.h"

#include <doctest/doctest.h>

using reel::broker::Rounds;

namespace {

constexpr reel::broker::LogTime ms = 1'000'000;

}  // namespace

TEST_CASE("a round for few services is followed by the next one at once, however long it took") {
  Rounds rounds;
  CHECK(rounds.due(0));
  rounds.took(Rounds::crowd - 1, 100 * ms, 150 * ms);
  CHECK(rounds.due(150 * ms));
}

TEST_CASE("a round for a crowd is followed by a pause three times its length") {
  Rounds rounds;
  rounds.took(1'000, 100 * ms, 103 * ms);
  CHECK_FALSE(rounds.due(112 * ms - 1));
  CHECK(rounds.next() == 112 * ms);
  CHECK(rounds.due(112 * ms));

  rounds.took(1'000, 112 * ms, 112 * ms);  // nothing to do for any of them takes no time
  CHECK(rounds.due(112 * ms));
}

TEST_CASE("nobody waits for longer than the longest pause") {
  Rounds rounds;
  rounds.took(100'000, 0, 5'000 * ms);
  CHECK(rounds.next() == 5'000 * ms + Rounds::pause_ns_max);
}
