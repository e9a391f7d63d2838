// What steps cost that one small frame can ask for by the hundred thousand.
#include "dispatch/deliveries.h"

#include <doctest/doctest.h>

#include "dispatch/assignment.h"

using namespace reel;
using namespace reel::broker;

namespace {

constexpr LogTime second = 1'000'000'000;

/// One instance has `events` in flight, each on one of `keys` in turn.
struct InFlight {
  InFlight(Offset events, std::uint64_t keys) {
    constexpr std::uint32_t ample = 1u << 30;  // a key may have its share of it only
    deliveries.join(InstanceId{1}, ample, ample);
    for (Offset offset = 1; offset <= events; ++offset) {
      deliveries.offer({.offset = offset, .key_hash = offset % keys, .bytes = 1});
    }
    deliveries.build_lanes();
    (void)Assignment{deliveries, second, events}.run();
    REQUIRE(deliveries.in_flight() == events);
  }
  Deliveries deliveries{1, 30 * second, false};
};

}  // namespace

TEST_CASE("an in-progress for each event of one key comes by each of them twice, not by the whole key") {
  InFlight bench{20'000, 1};
  auto& deliveries = bench.deliveries;
  for (Position position = 0; position < 20'000; ++position) deliveries.extend(position, 2 * second);
  CHECK(deliveries.walked() <= 2 * 20'000);
}

TEST_CASE("parking every key comes by each event once, not by the whole window for each key") {
  constexpr std::uint64_t keys = 2'000;
  InFlight bench{20'000, keys};
  auto& deliveries = bench.deliveries;
  std::vector<ParkedEvent> parked;
  for (Position position = 0; position < keys; ++position) {
    deliveries.give_back(position, GivenBack::dead, 2 * second, 0);
    deliveries.drop_key(position, parked);
  }
  CHECK(parked.size() == 20'000 - keys);
  CHECK(deliveries.held() == 0);
  CHECK(deliveries.walked() <= 20'000);
}
