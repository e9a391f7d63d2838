#include "burst.h"

#include <doctest/doctest.h>

using namespace reel::sdk;
using namespace std::chrono_literals;

TEST_CASE("the first few frames of a burst go at once, the others are gathered") {
  Burst burst;
  Burst::Time now{1s};
  for (int i = 0; i < Burst::eager_frames_max; ++i) {
    CHECK(burst.may_send(now));
    burst.sent(now, 100);
    now += 5us;
  }
  CHECK_FALSE(burst.may_send(now));

  SUBCASE("as long as it goes on, whoever sends") {
    burst.sent(now, 100);
    CHECK_FALSE(burst.may_send(now + Burst::gap - 1us));
  }
  SUBCASE("until there was a gap") {
    burst.sent(now, 100);
    CHECK(burst.may_send(now + Burst::gap));
  }
}

TEST_CASE("frames that come one by one all go at once") {
  Burst burst;
  for (Burst::Time now{1s}; now < Burst::Time{1s} + 100 * Burst::gap; now += Burst::gap) {
    CHECK(burst.may_send(now));
    burst.sent(now, 100);
  }
}

TEST_CASE("who had much gathered has it gathered for a while") {
  Burst burst;
  const Burst::Time now{1s};
  burst.sent(now, Burst::gathered_bytes_min);
  burst.sent(now + Burst::gap, 100);
  CHECK_FALSE(burst.may_send(now + 2 * Burst::gap));
  CHECK(burst.may_send(now + Burst::gathers_for));
}
