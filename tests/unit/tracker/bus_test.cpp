#include "tracker/bus.h"

#include <doctest/doctest.h>

#include <set>

#include "../sdk/fake_broker.h"
#include "event/system_topics.h"

using namespace reel;
using namespace reel::tracker;
using namespace std::chrono_literals;

namespace {

// Turns until so many events have come, and then some in which nothing does: batches are counted all the
// same.
void read(BusInbox& inbox, std::size_t events, int idle_turns = 100) {
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (events != 0 && std::chrono::steady_clock::now() < deadline)
    events -= std::min(events, inbox.next(10ms).events.size());
  REQUIRE(events == 0);
  while (--idle_turns != 0) (void)inbox.next(0ms);
}

}  // namespace

TEST_CASE("a stream that begins again acknowledges nothing that no checkpoint holds") {
  FakeBroker broker;
  Publisher shop{"shop", broker.options()};
  for (int i = 0; i < 3; ++i)
    REQUIRE(shop.publish({.topic = "order.placed", .type = "T", .data = "x", .correlationid = "c"}).ok());
  BusInbox inbox{broker.options().brokers, "store", SchemaSet{}};
  inbox.begin({});
  read(inbox, 3, 10'000);
  inbox.begin_again({}, SchemaSet{});
  inbox.mark();  // by a checkpoint that begins before anything has come
  inbox.acknowledge();
  read(inbox, 3);
  CHECK(broker.acked(std::string{tracker_service}) == std::set<std::uint64_t>{});

  inbox.mark();
  inbox.acknowledge();
  read(inbox, 0);
  CHECK(broker.wait_until([&] {
    return broker.acked(std::string{tracker_service}) == std::set<std::uint64_t>{1, 2, 3};
  }));
}
