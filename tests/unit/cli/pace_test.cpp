#include "cli/pace.h"

#include <doctest/doctest.h>

using namespace reel::cli;
using namespace std::chrono_literals;

TEST_CASE("without a rate everything goes at once") {
  Pace pace{0};
  CHECK(pace.portion(256) == 256);
  pace.sent(256, Pace::Clock::time_point{1s});
  CHECK(pace.next() == Pace::Clock::time_point{});
}

TEST_CASE("at a rate so many go in a second, and a stall is not made up for") {
  Pace pace{100};
  CHECK(pace.portion(256) == 10);
  CHECK(pace.portion(4) == 4);
  const Pace::Clock::time_point begin{1s};
  pace.sent(10, begin);
  CHECK(pace.next() == begin + 100ms);
  pace.sent(10, begin + 100ms);
  CHECK(pace.next() == begin + 200ms);
  pace.sent(10, begin + 5s);
  CHECK(pace.next() == begin + 5100ms);
  CHECK(Pace{0.5}.portion(256) == 1);
}

TEST_CASE("a rate is a whole number a second or a minute") {
  CHECK(parse_rate("50") == 50.0);
  CHECK(parse_rate("50/s") == 50.0);
  CHECK(parse_rate("600/m") == 10.0);
  for (const char* wrong : {"", "0", "-1", "fast", "5/h", "5 /s", "99999999999999999999"})
    CHECK(!parse_rate(wrong));
}
