#include "ledger/offset_set.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <set>
#include <string>

using namespace reel;
using namespace reel::broker;

namespace {

std::string text(const OffsetSet& offsets) {
  std::string all;
  for (const v1::OffsetRange& range : offsets.ranges()) {
    all += (all.empty() ? "" : " ") + std::to_string(range.first()) + "+" + std::to_string(range.count());
  }
  return all;
}

}  // namespace

TEST_CASE("neighbours become one range, across the chunks' edges too") {
  OffsetSet offsets;
  offsets.insert(4090, 6);
  CHECK(text(offsets) == "4090+6");
  offsets.insert(4097, 9000);
  CHECK(text(offsets) == "4090+6 4097+9000");
  offsets.insert(4096, 1);
  CHECK(text(offsets) == "4090+9007");
  CHECK(offsets.contains(8192));
  CHECK_FALSE(offsets.contains(4089));

  offsets.erase_below(5000);
  CHECK(text(offsets) == "5000+8097");
  offsets.erase_below(50'000);
  CHECK(offsets.empty());
}

TEST_CASE("a range as long as they come costs nothing") {
  OffsetSet offsets;
  offsets.insert(1, ~std::uint64_t{0});
  CHECK(offsets.contains(1));
  CHECK(offsets.contains(~Offset{0} - 1));
  CHECK_FALSE(offsets.contains(0));
  CHECK_FALSE(offsets.contains(~Offset{0}));
  offsets.erase_below(~Offset{0} - 5);
  CHECK(text(offsets) == "18446744073709551610+5");
}

TEST_CASE("more than 32 bits count are several ranges") {
  OffsetSet offsets;
  offsets.insert(0, 6'000'000'000);
  CHECK(text(offsets) == "0+4294967295 4294967295+1705032705");
}

TEST_CASE("an offset set holds what a std::set holds") {
  struct Step {
    bool erases;
    Offset at;
    std::uint64_t count;
  };
  CHECK(rc::check([] {
    const auto steps = *rc::gen::container<std::vector<Step>>(rc::gen::construct<Step>(
        rc::gen::map(rc::gen::inRange(0, 8), [](int drawn) { return drawn == 0; }),
        rc::gen::inRange<Offset>(0, 20'000),
        rc::gen::weightedOneOf<std::uint64_t>({{4, rc::gen::inRange<std::uint64_t>(0, 5)},
                                               {2, rc::gen::inRange<std::uint64_t>(0, 200)},
                                               {1, rc::gen::inRange<std::uint64_t>(0, 10'000)}})));
    OffsetSet offsets;
    std::set<Offset> model;
    for (const Step& step : steps) {
      if (step.erases) {
        offsets.erase_below(step.at);
        model.erase(model.begin(), model.lower_bound(step.at));
      } else {
        offsets.insert(step.at, step.count);
        for (Offset i = 0; i < step.count; ++i) model.insert(model.end(), step.at + i);
      }
    }
    std::set<Offset> held;
    Offset end = 0;
    for (const v1::OffsetRange& range : offsets.ranges()) {
      RC_ASSERT(range.first() > end || held.empty());  // ascending, never touching
      end = range.first() + range.count();
      for (Offset i = 0; i < range.count(); ++i) held.insert(held.end(), range.first() + i);
    }
    RC_ASSERT(held == model);
    RC_ASSERT(offsets.empty() == model.empty());
    for (Offset offset = 0; offset < 30'000; offset += 7) {
      RC_ASSERT(offsets.contains(offset) == model.contains(offset));
    }
  }));
}
