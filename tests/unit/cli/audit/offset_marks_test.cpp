#include "cli/audit/offset_marks.h"

#include <doctest/doctest.h>

#include <random>
#include <set>
#include <vector>

using reel::cli::OffsetMarks;

TEST_CASE("offset marks are a set of numbers, whatever is added and taken") {
  std::mt19937_64 chance{7};
  OffsetMarks marks;
  std::set<std::uint64_t> model;
  for (int step = 0; step < 100'000; ++step) {
    const std::uint64_t offset = chance() % 20'000;
    switch (chance() % 4) {
      case 0:
      case 1: CHECK(marks.add(offset) == model.insert(offset).second); break;
      case 2: CHECK(marks.take(offset) == (model.erase(offset) == 1)); break;
      default: CHECK(marks.holds(offset) == model.contains(offset)); break;
    }
    if (step % 1'000 == 0) {
      const std::uint64_t end = chance() % 5'000;
      std::vector<std::uint64_t> taken;
      marks.take_below(end, [&](std::uint64_t one) { taken.push_back(one); });
      CHECK(taken == std::vector<std::uint64_t>(model.begin(), model.lower_bound(end)));
      model.erase(model.begin(), model.lower_bound(end));
    }
    REQUIRE(marks.size() == model.size());
  }
  OffsetMarks all;
  marks.move_to(all);
  CHECK(marks.empty());
  CHECK(all.size() == model.size());
}
