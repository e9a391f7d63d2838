#include "search/spans.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cmath>

using namespace reel;
using namespace reel::search;

namespace {

std::uint64_t naive_quantile(std::vector<std::uint64_t> times, double share) {
  std::sort(times.begin(), times.end());
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(times.size())));
  return times[std::max<std::size_t>(rank, 1) - 1];
}

}  // namespace

TEST_CASE("of nothing every quantile is zero; of one time it is that time") {
  Spans spans;
  CHECK(spans.quantile(0.5) == 0);
  spans.add(123'456'789);
  CHECK(spans.quantile(0.0) == 123'456'789);
  CHECK(spans.quantile(0.99) == 123'456'789);
}

TEST_CASE("classes follow one another, the last one holds the longest time, and the middle is in its class") {
  for (std::uint32_t i = 0; i < Spans::classes_max; ++i) CHECK(Spans::class_of(Spans::time_of(i)) == i);
  CHECK(Spans::class_of(~std::uint64_t{0}) == Spans::classes_max - 1);
}

TEST_CASE("quantiles of pieces added up over the wire are those of all times sorted, less than 0.8 % off") {
  CHECK(rc::check([](const std::vector<std::uint32_t>& seeds) {
    RC_PRE(!seeds.empty());
    std::vector<std::uint64_t> times;
    for (const auto seed : seeds) times.push_back(std::uint64_t{seed} << (seed % 24));
    Spans parts[3];
    for (std::size_t i = 0; i < times.size(); ++i) parts[i % 3].add(times[i]);
    Spans all;
    for (const Spans& part : parts) {
      v1::Spans wire;
      part.write(wire);
      all.merge(Spans::read(wire));
    }
    RC_ASSERT(all.count() == times.size());
    for (const double share : {0.0, 0.5, 0.95, 0.99, 1.0}) {
      const auto exact = static_cast<double>(naive_quantile(times, share));
      const auto told = static_cast<double>(all.quantile(share));
      RC_ASSERT(std::abs(told - exact) <= exact / 128 + 0.5);
    }
  }));
}

TEST_CASE("what is none of ours in a stranger's times is left out") {
  v1::Spans wire;
  wire.add_classes(5'000);
  wire.add_counts(1);
  wire.add_classes(3);
  wire.add_counts(2);
  wire.add_classes(4);  // without a count
  wire.set_least(3);
  wire.set_most(3);
  CHECK(Spans::read(wire).count() == 2);
  wire.set_least(9);
  CHECK(Spans::read(wire).count() == 0);
}
