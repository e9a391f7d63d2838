// A service that is slow for its credit: most of what it was handed waits for a handler.
#include <doctest/doctest.h>

#include "one_service.h"

using namespace reel;
using namespace reel::broker;
using namespace reel::broker::test;

namespace {

/// One instance with two handlers that take 10 s for an event, and beats each second.
class SlowInstance {
 public:
  explicit SlowInstance(OneService& shop) : shop_{shop} { shop_.joins_telling(1, 40); }

  /// Until nothing is left; how many events were handed out again, for whatever reason.
  std::size_t handles_all(std::size_t events) {
    auto& queue = shop_.handed(1);
    std::size_t handled = 0;
    for (int round = 0; handled < events && round < 10'000; ++round) {
      shop_.expires();
      shop_.turns();
      if (round % 10 == 9) {
        for (int handler = 0; handler < 2 && !queue.empty(); ++handler, ++handled) {
          again_ += queue.front().delivery > 1 ? 1 : 0;
          shop_.acks(1, queue.front());
          queue.pop_front();
        }
      }
      beats();
      shop_.advance(1'000'000'000);
    }
    return again_;
  }

 private:
  void beats() {
    const auto& queue = shop_.handed(1);
    std::vector<AckRange> begun;
    for (std::size_t at = 0; at < std::min<std::size_t>(queue.size(), 2); ++at)
      begun.push_back({queue[at].offset, 1, queue[at].delivery});
    const bool waits = queue.size() > 2;
    shop_.tells(1, {.busy = static_cast<std::uint32_t>(begun.size()),
                    .begun = begun,
                    .waits_from = waits ? queue[2].offset : 0,
                    .waits_to = waits ? queue.back().offset : 0});
  }

  OneService& shop_;
  std::size_t again_ = 0;
};

}  // namespace

TEST_CASE("a backlog that outlasts the ack_timeout many times is handled once, and nothing fails") {
  config::Service policy;
  policy.ack_timeout = std::chrono::seconds{30};
  OneService shop{policy, 1};
  for (int key = 0; key < 200; ++key) shop.publishes("key-" + std::to_string(key));
  SlowInstance slow{shop};
  CHECK(slow.handles_all(200) == 0);
  CHECK(shop.queue().dispatch().held() == 0);
  CHECK(shop.record().retrying.empty());
  CHECK(shop.record().dead.empty());
  CHECK(shop.record().nacked == 0);
}
