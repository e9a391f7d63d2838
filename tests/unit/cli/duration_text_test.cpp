#include "cli/duration_text.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <ctime>

using namespace reel::cli;
using namespace std::chrono_literals;

TEST_CASE("a duration reads in its two largest units") {
  CHECK(duration_text(-1s) == "0ms");
  CHECK(duration_text(0s) == "0ms");
  CHECK(duration_text(400us) == "0.4ms");
  CHECK(duration_text(850ms) == "850ms");
  CHECK(duration_text(1500ms) == "1.5s");
  CHECK(duration_text(12s) == "12s");
  CHECK(duration_text(12'345ms) == "12.345s");
  CHECK(duration_text(60s) == "1m");
  CHECK(duration_text(90s) == "1m 30s");
  CHECK(duration_text(1h) == "1h");
  CHECK(duration_text(125min) == "2h 5m");
  CHECK(duration_text(76h) == "3d 4h");
}

TEST_CASE("what grows while one reads is cut to what matters") {
  CHECK(elapsed_text(500us) == "0ms");
  CHECK(elapsed_text(12'999us) == "12ms");
  CHECK(elapsed_text(1'999ms) == "1.9s");
  CHECK(elapsed_text(2s) == "2s");
  CHECK(elapsed_text(12'999ms) == "12s");
  CHECK(elapsed_text(3h + 59s) == "3h");
}

TEST_CASE("a gap says how long after its cause a step came") {
  CHECK(gap_text(-5ms) == "+0.0 ms");
  CHECK(gap_text(430us) == "+0.4 ms");
  CHECK(gap_text(15ms) == "+15 ms");
  CHECK(gap_text(1'250ms) == "+1.25 s");
  CHECK(gap_text(125s) == "+2m 5s");
}

TEST_CASE("a point in time is RFC 3339 or a date") {
  const auto time = parse_time("2026-03-01T10:02:11.004Z");
  REQUIRE(time);
  CHECK(parse_time("2026-03-01T12:02:11.004+02:00") == time);
  CHECK(parse_time("2026-03-01") == parse_time("2026-03-01T00:00:00Z"));
  for (const char* text : {"", "now", "2026", "2026-02-30", "2026-03-01T25:00:00Z", "tomorrow!!"}) {
    CAPTURE(text);
    CHECK(!parse_time(text));
  }
}

TEST_CASE("a duration is a number and a unit") {
  CHECK(parse_duration("10m") == 10min);
  CHECK(parse_duration("250ms") == 250ms);
  for (const char* text : {"", "10", "m", "-5s", "1.5s", "99999999999999999999d"}) {
    CAPTURE(text);
    CHECK(!parse_duration(text));
  }
}

TEST_CASE("people see their own time zone") {
  setenv("TZ", "UTC-2", 1);
  tzset();
  const auto time = *parse_time("2026-03-01T23:02:11.004Z");
  CHECK(clock_text(time) == "01:02:11.004");
  CHECK(date_text(time) == "2026-03-02 01:02:11");
  setenv("TZ", "UTC", 1);
  tzset();
  CHECK(clock_text(time) == "23:02:11.004");
}
