#include "cli/load/load_text.h"

#include <doctest/doctest.h>

using namespace reel::cli;
using namespace std::chrono_literals;

namespace {

LoadResult good_result() {
  LoadResult result;
  result.accepted = result.arrived = 100'000;
  result.publishing = 2s;
  result.arriving = 4s;
  for (int i = 0; i < 99; ++i) {
    result.to_accepted.add(1'000'000);
    result.to_arrived.add(1'500'000);
  }
  result.to_accepted.add(20'000'000);
  result.to_arrived.add(3'000'000'000);
  return result;
}

}  // namespace

TEST_CASE("a bucket is no wider than 3 % of what it holds, and every time has one") {
  for (std::uint64_t ns :
       {0ull, 1ull, 31ull, 32ull, 63ull, 64ull, 65ull, 1'000ull, 123'456ull, 5'000'000'000ull}) {
    const std::uint64_t end = bucket_end(bucket_of(ns));
    CHECK(end >= ns);
    CHECK(static_cast<double>(end - ns) <= static_cast<double>(ns) / 32);
    CHECK(bucket_of(end) == bucket_of(ns));
    CHECK(bucket_of(end + 1) == bucket_of(ns) + 1);
  }
  CHECK(bucket_of(~0ull) == bucket_count - 1);
}

TEST_CASE("a percentile is the time that so many did not exceed") {
  LatencyBuckets buckets;
  CHECK(buckets.percentile(50) == 0);
  for (std::uint64_t us = 1; us <= 1'000; ++us) buckets.add(us * 1'000);
  CHECK(buckets.percentile(50) == doctest::Approx(500'000).epsilon(0.04));
  CHECK(buckets.percentile(99.9) == doctest::Approx(999'000).epsilon(0.04));
  CHECK(buckets.percentile(100) >= 1'000'000);
}

TEST_CASE("a load is told in four lines") {
  const auto lines = load_lines(good_result());
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] == "100,000 published at 50,000/s, 100,000 arrived at 25,000/s");
  CHECK(lines[1] == "accepted  p50 1.0 ms  p99 1.0 ms  p99.9 20 ms");
  CHECK(lines[2] == "arrived   p50 1.5 ms  p99 1.5 ms  p99.9 3.0 s");
  CHECK(lines[3] == "nothing lost, repeated or out of order");
  CHECK(load_json(good_result())["to_arrived"]["p50_us"] == doctest::Approx(1'500).epsilon(0.03));
}

TEST_CASE("what did not come, and what was refused, is said") {
  LoadResult result = good_result();
  result.arrived -= 3;
  result.repeated = 2;
  result.refused = 1;
  result.refusal = "data is not well-formed";
  const auto lines = load_lines(result);
  REQUIRE(lines.size() == 5);
  CHECK(lines[3] == "1 refused: data is not well-formed");
  CHECK(lines[4] == "3 lost, 2 repeated, 0 out of order");
  CHECK_FALSE(result.whole());
  CHECK(load_json(result)["lost"] == 3);
}
