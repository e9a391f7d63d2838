#include "service/pace.h"

#include <doctest/doctest.h>

#include "one_service.h"

using namespace reel;
using namespace reel::broker;
using namespace reel::broker::test;

namespace {

constexpr LogTime one_second = 1'000'000'000;

/// A service with one instance that acks at once, and 1,000 events that wait.
class PacedService {
 public:
  explicit PacedService(std::size_t rate_per_s) : shop_{policy(rate_per_s), 1} {
    for (int i = 0; i < 1'000; ++i) shop_.publishes("key-" + std::to_string(i));
    shop_.joins(1, 10'000);
  }

  /// How many came while the time went on, as the broker would let it: to each next deadline.
  std::size_t handles_for(LogTime span) {
    std::size_t handled = 0;
    const LogTime end = shop_.now() + span;
    while (true) {
      shop_.expires();
      for (auto before = handled + 1; before != handled;) {
        before = handled;
        shop_.turns();
        for (auto& queue = shop_.handed(1); !queue.empty(); queue.pop_front(), ++handled)
          shop_.acks(1, queue.front());
      }
      const auto next = shop_.queue().next_deadline();
      if (!next || *next >= end) break;
      REQUIRE(*next > shop_.now());
      shop_.advance(*next - shop_.now());
    }
    shop_.advance(end - shop_.now());
    return handled;
  }
  OneService& shop() { return shop_; }

 private:
  static config::Service policy(std::size_t rate_per_s) {
    config::Service policy;
    policy.max_rate_per_s = rate_per_s;
    return policy;
  }

  OneService shop_;
};

}  // namespace

TEST_CASE("a pace lets so many go a second, and saves up a tenth of one") {
  Pace pace;
  CHECK(pace.allows(one_second, 0) == Pace::no_limit);
  CHECK(pace.allows(one_second, 100) == 11);
  pace.spend(11, one_second, 100);
  CHECK(pace.allows(one_second, 100) == 0);
  CHECK(pace.again_at() == one_second + 10'000'000);
  CHECK(pace.allows(one_second + 10'000'000, 100) == 1);
  CHECK(pace.allows(10 * one_second, 100) == 11);
  CHECK(pace.allows(10 * one_second, 1) == 1);
}

TEST_CASE("a service is handed no more than its max_rate_per_s, and all of it in the end") {
  PacedService paced{50};
  CHECK(paced.handles_for(one_second) == 55);
  CHECK(paced.handles_for(4 * one_second) == 200);
  CHECK(paced.shop().queue().dispatch().held() > 0);
  CHECK(paced.handles_for(60 * one_second) == 745);
  CHECK(paced.shop().queue().caught_up());
}

TEST_CASE("without a limit everything comes at once") {
  PacedService paced{0};
  CHECK(paced.handles_for(one_second) == 1'000);
}

TEST_CASE("an attempt is counted as one, whatever became of the one before") {
  PacedService paced{10};
  paced.shop().turns();
  REQUIRE(paced.shop().handed(1).size() == 2);
  paced.shop().nacks(1, paced.shop().handed(1).front(), false);
  paced.shop().handed(1).clear();
  paced.shop().advance(one_second / 10);
  paced.shop().expires();
  paced.shop().turns();
  CHECK(paced.shop().handed(1).size() == 1);
}
