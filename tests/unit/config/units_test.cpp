#include "config/units.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

using namespace reel::config;

TEST_CASE("a duration is a whole number with one of five units, counted in milliseconds") {
  CHECK(parse(durations, "500ms").value == 500);
  CHECK(parse(durations, "30s").value == 30'000);
  CHECK(parse(durations, "5m").value == 300'000);
  CHECK(parse(durations, "1h").value == 3'600'000);
  CHECK(parse(durations, "7d").value == 604'800'000);
  CHECK(parse(durations, "0s").outcome == QuantityOutcome::ok);
}

TEST_CASE("a size is a whole number with one of four units") {
  CHECK(parse(sizes, "512B").value == 512);
  CHECK(parse(sizes, "64KiB").value == 65'536);
  CHECK(parse(sizes, "16MiB").value == 16'777'216);
  CHECK(parse(sizes, "1GiB").value == 1'073'741'824);
}

TEST_CASE("what is no quantity is refused by name") {
  CHECK(parse(durations, "30").outcome == QuantityOutcome::unit_missing);
  CHECK(parse(durations, "0").outcome == QuantityOutcome::unit_missing);
  CHECK(parse(durations, "30 s").outcome == QuantityOutcome::unit_unknown);
  CHECK(parse(durations, "1.5s").outcome == QuantityOutcome::unit_unknown);
  CHECK(parse(durations, "1h30m").outcome == QuantityOutcome::unit_unknown);
  CHECK(parse(durations, "5S").outcome == QuantityOutcome::unit_unknown);
  CHECK(parse(durations, "").outcome == QuantityOutcome::not_a_number);
  CHECK(parse(durations, "soon").outcome == QuantityOutcome::not_a_number);
  CHECK(parse(durations, "-5s").outcome == QuantityOutcome::not_a_number);
  CHECK(parse(sizes, "18446744073709551615B").outcome == QuantityOutcome::ok);
  CHECK(parse(sizes, "18446744073709551616B").outcome == QuantityOutcome::too_large);
  CHECK(parse(sizes, "18446744073709551615KiB").outcome == QuantityOutcome::too_large);
}

TEST_CASE("common slips are respelled, unclear ones are not") {
  CHECK(respelled(durations, "5 min") == "5m");
  CHECK(respelled(durations, "30 s") == "30s");
  CHECK(respelled(durations, "2Hours") == "2h");
  CHECK(respelled(sizes, "64MB") == "64MiB");
  CHECK(respelled(sizes, "64k") == "64KiB");
  CHECK(respelled(sizes, "64") == "");
  CHECK(respelled(sizes, "64 parsecs") == "");
  CHECK(respelled(sizes, "soon") == "");
}

TEST_CASE("a quantity is shown in its largest whole unit, and read back the same") {
  CHECK(to_text(durations, 90'000) == "90s");
  CHECK(to_text(durations, 3'600'000) == "1h");
  CHECK(to_text(durations, 1) == "1ms");
  CHECK(to_text(sizes, 0) == "0B");
  CHECK(to_text(sizes, 1u << 20) == "1MiB");
  CHECK(rc::check([](std::uint64_t value) {
    RC_ASSERT(parse(durations, to_text(durations, value)).value == value);
    RC_ASSERT(parse(sizes, to_text(sizes, value)).value == value);
  }));
}
