#include "ledger/parked_offsets.h"

#include <doctest/doctest.h>

#include <random>
#include <set>

using namespace reel::broker;

namespace {

std::vector<Offset> all(const ParkedOffsets& offsets) {
  return {offsets.all().begin(), offsets.all().end()};
}

}  // namespace

TEST_CASE("parked offsets stand in order, whatever order they come in") {
  ParkedOffsets offsets{5, 9};
  offsets.add(12);
  offsets.add(7);
  CHECK(all(offsets) == std::vector<Offset>{5, 7, 9, 12});
  CHECK(offsets.remove(5));
  CHECK_FALSE(offsets.remove(5));
  CHECK_FALSE(offsets.contains(5));
  CHECK(offsets.front() == 7);
  CHECK(offsets.remove(9));
  CHECK(all(offsets) == std::vector<Offset>{7, 12});
  offsets.add(6);
  CHECK(all(offsets) == std::vector<Offset>{6, 7, 12});
}

TEST_CASE("parked offsets hold what a multiset holds, whatever is added and removed") {
  std::mt19937_64 random{7};
  ParkedOffsets offsets;
  std::multiset<Offset> model;
  Offset next = 1;
  for (int step = 0; step < 20'000; ++step) {
    const bool grows = step / 2'000 % 2 == 0;
    if (random() % 10 < (grows ? 7u : 3u)) {
      const Offset offset = random() % 8 == 0 ? 1 + random() % next : next++;
      offsets.add(offset);
      model.insert(offset);
    } else {
      const Offset offset = random() % 4 == 0 || model.empty() ? random() % next : *model.begin();
      const auto found = model.find(offset);
      CHECK(offsets.remove(offset) == (found != model.end()));
      if (found != model.end()) model.erase(found);
    }
    REQUIRE(offsets.size() == model.size());
    if (!model.empty()) REQUIRE(offsets.front() == *model.begin());
  }
  CHECK(all(offsets) == std::vector<Offset>{model.begin(), model.end()});
}
