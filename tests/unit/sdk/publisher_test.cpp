#include "reel/publisher.h"

#include <doctest/doctest.h>
#include <pthread.h>
#include <signal.h>

#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "../temp_folder.h"
#include "bench.pb.h"
#include "fake_broker.h"

using namespace reel;
using namespace std::chrono_literals;

namespace {

bench::v1::OrderPlaced order() {
  bench::v1::OrderPlaced order;
  order.set_order_id("order-7");
  return order;
}

// Of a publisher that spools there, and is not patient.
Options spool_options(const FakeBroker& broker, const test::TempFolder& folder) {
  auto options = broker.options();
  options.spool = folder.path();
  options.publish_timeout = 200ms;
  options.drain_timeout = 200ms;
  options.connect_timeout = 50ms;
  return options;
}

std::vector<std::string> ids(std::initializer_list<const char*> list) {
  return {list.begin(), list.end()};
}

}  // namespace

TEST_CASE("a published event is in the journal when publish returns") {
  FakeBroker broker;
  Publisher shop{"shop", broker.options()};
  const auto result = shop.publish("order.placed", order(), {.id = "e1", .correlationid = "order-7"});
  CHECK(result.outcome == PublishOutcome::accepted);
  CHECK(result.offset == 1);
  CHECK(result.id == "e1");
  CHECK(result.correlationid == "order-7");
  CHECK(broker.journal("order.placed") == std::vector<std::string>{"e1"});

  const auto second = shop.publish("order.placed", order());
  CHECK(second.offset == 2);
  CHECK(second.id.size() == 36);
  CHECK(second.correlationid == second.id);
}

TEST_CASE("an event for later is kept by the broker, and its place is told") {
  FakeBroker broker;
  Publisher shop{"shop", broker.options()};
  const auto result = shop.publish("order.placed", order(), {.id = "e1", .after = 10min});
  CHECK(result.outcome == PublishOutcome::accepted);
  CHECK(result.delayed);
  CHECK(result.offset == 1);
  CHECK(broker.journal("order.placed").empty());
  CHECK(broker.journal("reel.delayed") == std::vector<std::string>{"e1"});
  CHECK_FALSE(shop.publish("order.placed", order()).delayed);
}

TEST_CASE("an event the broker refuses says why, one that is too large does not cost the connection") {
  FakeBroker broker;
  Publisher shop{"shop", broker.options()};
  const auto refused = shop.publish("unknown.topic", order());
  CHECK(refused.outcome == PublishOutcome::rejected);
  CHECK(refused.reason == v1::REFUSAL_UNKNOWN_TOPIC);
  CHECK(refused.text == "unknown topic 'unknown.topic'");

  const std::string data(2'000'000, 'x');
  const auto large = shop.publish(
      {.topic = "order.placed", .type = "T", .data = data, .id = "e", .correlationid = "c", .time = 1});
  CHECK(large.outcome == PublishOutcome::rejected);
  CHECK(large.reason == v1::REFUSAL_TOO_LARGE);
  CHECK(large.text == "the event is 2000019 bytes long, at most 1048576 are allowed");
  CHECK(shop.publish("order.placed", order()).ok());
}

TEST_CASE("without a broker nothing is kept, and the text says what to check") {
  Options options;
  options.brokers = {"ipc:///nonexistent/reel.sock"};
  options.publish_timeout = 50ms;
  options.log = {};
  Publisher shop{"shop", options};
  const auto result = shop.publish("order.placed", order());
  CHECK(result.outcome == PublishOutcome::not_connected);
  CHECK(result.text ==
        "no broker answers at ipc:///nonexistent/reel.sock (is it running? REEL_BROKER names another)");
  CHECK(shop.flush(0ms) == 0);
}

TEST_CASE("a broker that refuses the name ends all waiting") {
  FakeBroker broker;
  broker.refuse_next(v1::REFUSED_BAD_NAME, "the name is taken");
  Publisher shop{"shop", broker.options()};
  const auto result = shop.publish("order.placed", order());
  CHECK(result.outcome == PublishOutcome::not_connected);
  CHECK(result.text == "the broker refused the connection: the name is taken");
}

TEST_CASE("an event without an answer is unconfirmed, offered again, and accepted once") {
  FakeBroker broker;
  auto options = broker.options();
  options.publish_timeout = 200ms;
  Publisher shop{"shop", options};
  REQUIRE(shop.publish("order.placed", order()).ok());
  broker.strike_dumb(true);
  const auto lost = shop.publish("order.placed", order());
  CHECK(lost.outcome == PublishOutcome::unconfirmed);
  CHECK(lost.text == "no answer from " + options.brokers[0] + " within 200 ms");
  CHECK(shop.counts().unanswered == 1);
  broker.restart();
  broker.strike_dumb(false);
  CHECK(shop.flush(20s) == 0);
  CHECK(broker.journal("order.placed").size() == 2);
  CHECK(broker.journal("order.placed")[1] == lost.id);
}

TEST_CASE("ten thousand events published without waiting are all there, in order, once") {
  FakeBroker broker;
  std::atomic<int> accepted{0};
  std::vector<std::string> ids;
  {
    Publisher shop{"shop", broker.options()};
    const auto data = order().SerializeAsString();
    for (int i = 0; i < 10'000; ++i) {
      const auto& id = ids.emplace_back("e" + std::to_string(i));
      shop.publish_async({.topic = "order.placed", .type = "bench.v1.OrderPlaced", .data = data, .id = id},
                         [&](const PublishResult& result) { accepted += result.ok() ? 1 : 0; });
      if (i == 5'000) broker.restart();
    }
    CHECK(shop.flush(20s) == 0);
    CHECK(shop.counts().accepted == 10'000);
  }
  CHECK(accepted == 10'000);
  CHECK(broker.journal("order.placed") == ids);
  CHECK(broker.goodbyes() == 1);
}

TEST_CASE("a callback may publish, and what it publishes goes out behind it") {
  FakeBroker broker;
  std::atomic<int> left{200};
  Publisher shop{"shop", broker.options()};
  const auto data = order().SerializeAsString();
  PublishCallback publish_next = [&](const PublishResult& result) {
    CHECK(result.ok());
    if (--left == 0) return;
    CHECK(shop.publish_async({.topic = "order.placed", .type = "bench.v1.OrderPlaced", .data = data},
                             publish_next));
  };
  CHECK(shop.publish_async({.topic = "order.placed", .type = "bench.v1.OrderPlaced", .data = data},
                           publish_next));
  CHECK(broker.wait_until([&] { return left == 0; }));
  CHECK(shop.flush(20s) == 0);
  CHECK(broker.journal("order.placed").size() == 200);
}

TEST_CASE("threads that publish at once send beside the connection's own, each event once") {
  FakeBroker broker;
  Publisher shop{"shop", broker.options()};
  REQUIRE(shop.publish("order.placed", order()).ok());
  std::atomic<int> ok{0};
  const auto publish = [&] {
    const auto data = order().SerializeAsString();
    for (int i = 0; i < 300; ++i) {
      shop.publish_async({.topic = "order.placed", .type = "bench.v1.OrderPlaced", .data = data});
      ok += shop.publish("order.placed", order()).ok() ? 1 : 0;
    }
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(publish);
  for (auto& thread : threads) thread.join();
  CHECK(shop.flush(20s) == 0);
  CHECK(ok == 1'200);
  const auto ids = broker.journal("order.placed");
  CHECK(ids.size() == 2'401);
  CHECK(std::set<std::string>{ids.begin(), ids.end()}.size() == 2'401);
}

TEST_CASE("signals that interrupt a thread that publishes do it no harm") {
  FakeBroker broker;
  Publisher shop{"shop", broker.options()};
  REQUIRE(shop.publish("order.placed", order()).ok());
  struct sigaction hear {};
  hear.sa_handler = [](int) {};  // without SA_RESTART: calls are interrupted
  struct sigaction before {};
  sigaction(SIGUSR1, &hear, &before);
  std::atomic<bool> done{false};
  std::thread nuisance{[&done, target = pthread_self()] {
    while (!done) pthread_kill(target, SIGUSR1);
  }};
  int ok = 0;
  for (int i = 0; i < 2'000; ++i) ok += shop.publish("order.placed", order()).ok() ? 1 : 0;
  done = true;
  nuisance.join();
  sigaction(SIGUSR1, &before, nullptr);
  CHECK(ok == 2'000);
  CHECK(broker.journal("order.placed").size() == 2'001);
}

TEST_CASE("beyond the buffer publishing is back-pressured until answers make room") {
  FakeBroker broker;
  auto options = broker.options();
  options.publish_buffer_bytes = 10'000;
  options.publish_timeout = 100ms;
  Publisher shop{"shop", options};
  REQUIRE(shop.publish("order.placed", order()).ok());
  broker.strike_dumb(true);
  const std::string data(9'000, 'x');
  std::string told;
  const auto tell = [&](const PublishResult& result) { told = to_string(result.outcome); };
  CHECK(shop.publish_async({.topic = "order.placed", .type = "T", .data = data}));
  CHECK_FALSE(shop.publish_async({.topic = "order.placed", .type = "T", .data = data}, tell));
  CHECK(told == "back_pressured");
  CHECK(shop.publish({.topic = "order.placed", .type = "T", .data = data}).outcome ==
        PublishOutcome::back_pressured);
  CHECK(shop.counts().back_pressured == 2);
  broker.restart();
  broker.strike_dumb(false);
  CHECK(shop.wait_for_room(20s));
  CHECK(shop.flush(20s) == 0);
}

TEST_CASE("the next broker is found when one is not there") {
  FakeBroker broker;
  auto options = broker.options();
  options.brokers.insert(options.brokers.begin(), "ipc:///nonexistent/reel.sock");
  options.connect_timeout = 50ms;
  Publisher shop{"shop", options};
  CHECK(shop.publish("order.placed", order()).ok());
}

TEST_CASE("with a spool what nobody takes is kept on disk, and goes out first once somebody does") {
  FakeBroker broker;
  const test::TempFolder folder;
  broker.strike_dumb(true);
  Publisher shop{"shop", spool_options(broker, folder)};
  const auto result = shop.publish("order.placed", order(), {.id = "e1"});
  CHECK(to_string(result.outcome) == "spooled");
  CHECK_FALSE(result.ok());
  std::string told;
  CHECK(shop.publish_async("order.placed", order(), {.id = "e2"},
                           [&](const PublishResult& async) { told = to_string(async.outcome); }));
  CHECK(told == "spooled");
  CHECK(shop.counts().spooled == 2);
  CHECK(shop.flush(1ms) == 2);
  broker.strike_dumb(false);
  // Behind the others, whether they have gone out by now or not.
  const auto next = to_string(shop.publish("order.placed", order(), {.id = "e3"}).outcome);
  CHECK((next == "spooled" || next == "accepted"));
  CHECK(shop.flush(20s) == 0);
  CHECK(broker.journal("order.placed") == ids({"e1", "e2", "e3"}));
  CHECK(shop.counts().spooled == 0);
  CHECK(shop.publish("order.placed", order(), {.id = "e4"}).outcome == PublishOutcome::accepted);
}

TEST_CASE("what a program left in its spool is published by the next") {
  FakeBroker broker;
  const test::TempFolder folder;
  {
    Publisher shop{"shop", spool_options(broker, folder)};
    CHECK(shop.publish("order.placed", order(), {.id = "e0"}).ok());
    broker.strike_dumb(true);
    // Queued for a broker that has fallen silent, and then more while none is known.
    std::string told;
    CHECK(shop.publish_async("order.placed", order(), {.id = "e1"},
                             [&](const PublishResult& async) { told = to_string(async.outcome); }));
    CHECK(broker.wait_until(
        [&] { return to_string(shop.publish("order.placed", order(), {.id = "e2"}).outcome) == "spooled"; }));
  }
  broker.strike_dumb(false);
  broker.restart();
  Publisher shop{"shop", spool_options(broker, folder)};
  CHECK(shop.flush(20s) == 0);
  const auto journal = broker.journal("order.placed");
  const std::set<std::string> all{journal.begin(), journal.end()};
  CHECK(all == std::set<std::string>{"e0", "e1", "e2"});
  CHECK(journal[1] == "e1");
}

TEST_CASE("an event of the spool that the broker refuses is told of, and the rest goes on") {
  FakeBroker broker;
  const test::TempFolder folder;
  broker.strike_dumb(true);
  auto options = spool_options(broker, folder);
  std::mutex mutex;
  std::string errors;
  options.log = [&](LogLevel level, std::string_view line) {
    const std::lock_guard lock{mutex};
    if (level == LogLevel::error) errors += std::string{line} + "\n";
  };
  {
    Publisher shop{"shop", options};
    CHECK(to_string(shop.publish("unknown.topic", order(), {.id = "e1"}).outcome) == "spooled");
    CHECK(to_string(shop.publish("order.placed", order(), {.id = "e2"}).outcome) == "spooled");
    broker.strike_dumb(false);
    CHECK(shop.flush(20s) == 0);
    CHECK(shop.counts().rejected == 1);
  }
  CHECK(broker.journal("order.placed") == ids({"e2"}));
  CHECK(errors == "spooled_event_refused topic=unknown.topic id=e1 why=\"unknown topic 'unknown.topic'\"\n");
}

TEST_CASE("a spool that cannot be used is said at once") {
  FakeBroker broker;
  auto options = broker.options();
  options.spool = "/proc/nowhere";
  CHECK_THROWS_AS(Publisher("shop", options), std::runtime_error);
}
