#include "event/rfc3339.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace reel;

TEST_CASE("a time is written with as few digits as say it all") {
  CHECK(rfc3339(0) == "1970-01-01T00:00:00Z");
  CHECK(rfc3339(1'772'366'400'000'000'000u) == "2026-03-01T12:00:00Z");
  CHECK(rfc3339(1'772'366'400'500'000'000u) == "2026-03-01T12:00:00.500Z");
  CHECK(rfc3339(1'772'366'400'000'000'001u) == "2026-03-01T12:00:00.000000001Z");
  CHECK(rfc3339(~std::uint64_t{0}) == "2554-07-21T23:34:33.709551615Z");
}

TEST_CASE("a time is read in every form that RFC 3339 has") {
  CHECK(parse_rfc3339("1970-01-01T00:00:00Z") == 0);
  CHECK(parse_rfc3339("1996-12-19T16:39:57-08:00") == 851'042'397'000'000'000u);
  CHECK(parse_rfc3339("1996-12-20t00:39:57z") == 851'042'397'000'000'000u);
  CHECK(parse_rfc3339("2026-03-01 12:00:00.5Z") == 1'772'366'400'500'000'000u);
  CHECK(parse_rfc3339("2026-03-01T12:00:00.1234567899Z") == 1'772'366'400'123'456'789u);
  CHECK(parse_rfc3339("2016-12-31T23:59:60Z") == parse_rfc3339("2017-01-01T00:00:00Z"));
  CHECK(parse_rfc3339("2024-02-29T00:00:00Z").has_value());
}

TEST_CASE("what is no time is not taken for one") {
  for (const char* text :
       {"", "now", "2026-03-01", "2026-03-01T12:00:00", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
        "2026-03-01T24:00:00Z", "2026-03-01T12:60:00Z", "2026-03-01T12:00:61Z", "2026-03-01T12:00:00.Z",
        "2026-03-01T12:00:00+1:00", "2026-03-01T12:00:00+24:00", "2026-03-01T12:00:00Zx",
        "1969-12-31T23:59:59Z", "2600-01-01T00:00:00Z", "+026-03-01T12:00:00Z", "2026-03-01X12:00:00Z"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_rfc3339(text));
  }
}

TEST_CASE("what is written is read again") {
  CHECK(rc::check([](std::uint64_t ns) {
    RC_PRE(ns < 18'446'744'073'000'000'000u);
    RC_ASSERT(parse_rfc3339(rfc3339(ns)) == ns);
  }));
  CHECK(rc::check("any text can be offered", [](const std::string& text) { (void)parse_rfc3339(text); }));
}
