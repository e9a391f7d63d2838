#include "reel/service.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <thread>

#include "bench.pb.h"
#include "fake_broker.h"
#include "reel/query.h"

using namespace reel;
using namespace std::chrono_literals;

namespace {

bench::v1::OrderPlaced order(std::uint32_t cents) {
  bench::v1::OrderPlaced order;
  order.set_cents(cents);
  return order;
}

// A service that runs on a thread of its own until it is stopped.
class Running {
 public:
  explicit Running(Service& service)
      : service_{service}, code_{std::async(std::launch::async, [&] { return service.run(); })} {}
  int stop() {
    service_.stop();
    return code_.get();
  }
  int ended() { return code_.get(); }

 private:
  Service& service_;
  std::future<int> code_;
};

}  // namespace

TEST_CASE("an event is handled, acked, and what the handler published is in the journal") {
  FakeBroker broker;
  Service payments{"payments", broker.options()};
  payments.on<bench::v1::OrderPlaced>("order.placed",
                                      [](const bench::v1::OrderPlaced& placed, Context& flow) {
                                        bench::v1::PaymentCaptured captured;
                                        captured.set_cents(placed.cents());
                                        flow.publish("payment.captured", captured);
                                      });
  Running running{payments};
  Publisher shop{"shop", broker.options()};
  for (std::uint32_t i = 0; i < 500; ++i) shop.publish_async("order.placed", order(i));
  CHECK(broker.wait_until([&] { return broker.journal("payment.captured").size() == 500; }));
  CHECK(running.stop() == 0);
  CHECK(broker.acked("payments").size() == 500);
  CHECK(payments.counts().handled == 500);
  CHECK(broker.goodbyes() == 1);
}

TEST_CASE("a failed event is tried again before the next of its key, others go on") {
  FakeBroker broker;
  auto options = broker.options();
  options.workers = 4;
  Service payments{"payments", options};
  std::mutex mutex;
  std::map<std::string, std::vector<std::uint32_t>> seen;
  int failures = 0;
  payments.on<bench::v1::OrderPlaced>("order.placed",
                                      [&](const bench::v1::OrderPlaced& placed, Context& flow) {
                                        const std::lock_guard lock{mutex};
                                        if (placed.cents() == 3 && flow.attempt() < 3) {
                                          ++failures;
                                          throw std::runtime_error{"disk full"};
                                        }
                                        seen[std::string{flow.correlationid()}].push_back(placed.cents());
                                      });
  Publisher shop{"shop", broker.options()};
  for (std::uint32_t i = 1; i <= 8; ++i) {
    shop.publish_async("order.placed", order(i), {.correlationid = "a"});
    shop.publish_async("order.placed", order(100 + i), {.correlationid = "b"});
  }
  CHECK(shop.flush(20s) == 0);
  Running running{payments};
  CHECK(broker.wait_until([&] { return broker.acked("payments").size() == 16; }));
  CHECK(running.stop() == 0);
  CHECK(failures == 2);
  CHECK(seen["a"] == std::vector<std::uint32_t>{1, 2, 3, 4, 5, 6, 7, 8});
  CHECK(seen["b"] == std::vector<std::uint32_t>{101, 102, 103, 104, 105, 106, 107, 108});
  REQUIRE(broker.nacks().size() == 2);
  CHECK(broker.nacks()[0].error_type() == "std::runtime_error");
  CHECK(broker.nacks()[0].error() == "disk full");
  CHECK_FALSE(broker.nacks()[0].reject());
}

TEST_CASE("a rejected event is a dead letter at once") {
  FakeBroker broker;
  Service payments{"payments", broker.options()};
  payments.on<bench::v1::OrderPlaced>("order.placed",
                                      [](const bench::v1::OrderPlaced&) { throw Reject{"negative total"}; });
  Running running{payments};
  Publisher shop{"shop", broker.options()};
  CHECK(shop.publish("order.placed", order(1)).ok());
  CHECK(broker.wait_until([&] { return broker.nacks().size() == 1; }));
  CHECK(running.stop() == 0);
  CHECK(broker.nacks()[0].reject());
  CHECK(broker.nacks()[0].error() == "negative total");
}

TEST_CASE("a broker that was started again delivers on, and no handler runs twice for that") {
  FakeBroker broker;
  Service payments{"payments", broker.options()};
  std::atomic<int> handled{0};
  payments.on<bench::v1::OrderPlaced>("order.placed", [&](const bench::v1::OrderPlaced&) { ++handled; });
  Running running{payments};
  Publisher shop{"shop", broker.options()};
  for (std::uint32_t i = 0; i < 300; ++i) {
    if (i % 100 == 50) broker.restart();
    shop.publish_async("order.placed", order(i));
  }
  CHECK(shop.flush(20s) == 0);
  CHECK(broker.wait_until([&] { return broker.acked("payments").size() == 300; }));
  CHECK(running.stop() == 0);
  CHECK(handled == 300);
  CHECK(payments.counts().handled == 300);
}

TEST_CASE("what a handler finished unheard is settled when it comes again, with what it published") {
  FakeBroker broker;
  Service payments{"payments", broker.options()};
  std::promise<void> begun, gate;
  std::vector<std::uint32_t> handled;
  payments.on<bench::v1::OrderPlaced>("order.placed",
                                      [&](const bench::v1::OrderPlaced& placed, Context& flow) {
                                        handled.push_back(placed.cents());
                                        if (placed.cents() == 1) {
                                          begun.set_value();
                                          gate.get_future().wait();
                                        }
                                        bench::v1::PaymentCaptured captured;
                                        captured.set_cents(placed.cents());
                                        flow.publish("payment.captured", captured);
                                      });
  Running running{payments};
  Publisher shop{"shop", broker.options()};
  CHECK(shop.publish("order.placed", order(1), {.correlationid = "a"}).ok());
  begun.get_future().wait();
  CHECK(shop.publish("order.placed", order(2), {.correlationid = "a"}).ok());

  SUBCASE("on its way when the broker was lost") {
    broker.strike_dumb(true);
    gate.set_value();
    REQUIRE(broker.wait_until([&] { return broker.unheard_settles() >= 1; }));
    broker.restart();
    broker.strike_dumb(false);
  }
  SUBCASE("while its event was delivered again") {
    broker.restart();
    REQUIRE(broker.wait_until([&] { return broker.deliveries() == 4; }));
    gate.set_value();
  }
  CHECK(broker.wait_until([&] { return broker.acked("payments").size() == 2; }));
  CHECK(running.stop() == 0);
  CHECK(handled == std::vector<std::uint32_t>{1, 2});
  CHECK(broker.journal("payment.captured").size() == 2);
  CHECK(payments.counts().repeated >= 1);
}

TEST_CASE("a batch that was under way when the broker was lost is not handed over again") {
  FakeBroker broker;
  Service payments{"payments", broker.options()};
  std::promise<void> begun, gate;
  std::vector<std::uint32_t> handled;
  payments.on_batch<bench::v1::OrderPlaced>("order.placed", {.max_size = 2, .max_wait = 20s},
                                            [&](Batch<bench::v1::OrderPlaced>& batch) {
                                              const bool first = handled.empty();
                                              for (auto& item : batch) handled.push_back(item->cents());
                                              if (!first) return;
                                              begun.set_value();
                                              gate.get_future().wait();
                                            });
  Running running{payments};
  Publisher shop{"shop", broker.options()};
  for (const std::uint32_t cents : {1, 2})
    CHECK(shop.publish("order.placed", order(cents), {.correlationid = "a"}).ok());
  begun.get_future().wait();
  broker.restart();
  REQUIRE(broker.wait_until([&] { return broker.deliveries() == 4; }));
  gate.set_value();
  CHECK(broker.wait_until([&] { return broker.acked("payments").size() == 2; }));
  CHECK(running.stop() == 0);
  CHECK(handled == std::vector<std::uint32_t>{1, 2});
}

TEST_CASE("while a handler hangs, the connection goes on, whichever thread it runs on") {
  FakeBroker broker;
  auto options = broker.options();
  options.workers = 2;
  Service payments{"payments", options};
  std::promise<void> begun, gate;
  std::atomic<int> handled{0};
  payments.on<bench::v1::OrderPlaced>("order.placed", [&](const bench::v1::OrderPlaced& placed) {
    if (placed.cents() == 1) {
      begun.set_value();
      gate.get_future().wait();
    }
    ++handled;
  });
  Running running{payments};
  Publisher shop{"shop", broker.options()};
  CHECK(shop.publish("order.placed", order(0)).ok());
  CHECK(broker.wait_until([&] { return broker.acked("payments").size() == 1; }));
  CHECK(shop.publish("order.placed", order(1), {.correlationid = "hangs"}).ok());
  begun.get_future().wait();
  // Whoever it is that hangs: deliveries, acks and the service's own publishes go on. All under one key: of
  // many, one would share the lane of what hangs.
  for (std::uint32_t i = 2; i < 50; ++i) {
    REQUIRE(payments.publish("order.placed", order(i), {.correlationid = "goes-on"}).ok());
    REQUIRE(broker.wait_until([&] { return broker.acked("payments").size() == i; }));
  }
  CHECK(shop.publish("order.placed", order(1'000), {.correlationid = "hangs"}).ok());
  gate.set_value();
  CHECK(broker.wait_until([&] { return broker.acked("payments").size() == 51; }));
  CHECK(running.stop() == 0);
  CHECK(handled == 51);
}

TEST_CASE("a handler may publish on its own and wait for the answer, whichever thread it runs on") {
  FakeBroker broker;
  auto options = broker.options();
  options.workers = 1;
  Service payments{"payments", options};
  std::atomic<int> ok{0};
  payments.on<bench::v1::OrderPlaced>("order.placed", [&](const bench::v1::OrderPlaced& placed) {
    ok += payments.publish("payment.captured", placed).ok() ? 1 : 0;
  });
  Running running{payments};
  Publisher shop{"shop", broker.options()};
  for (std::uint32_t i = 1; i <= 20; ++i) {
    CHECK(shop.publish("order.placed", order(i)).ok());
    CHECK(broker.wait_until([&] { return broker.acked("payments").size() == i; }));
  }
  CHECK(running.stop() == 0);
  CHECK(ok == 20);
  CHECK(broker.journal("payment.captured").size() == 20);
}

TEST_CASE("a stop lets the running handler finish, and settles it") {
  FakeBroker broker;
  auto options = broker.options();
  options.workers = 1;
  Service payments{"payments", options};
  std::promise<void> begun, gate;
  std::atomic<int> handled{0};
  payments.on<bench::v1::OrderPlaced>("order.placed", [&](const bench::v1::OrderPlaced& placed) {
    if (placed.cents() == 1) {
      begun.set_value();
      gate.get_future().wait();
    }
    ++handled;
  });
  Running running{payments};
  Publisher shop{"shop", broker.options()};
  CHECK(shop.publish("order.placed", order(1)).ok());
  begun.get_future().wait();
  CHECK(shop.publish("order.placed", order(2)).ok());
  payments.stop();
  gate.set_value();
  CHECK(running.ended() == 0);
  CHECK(broker.acked("payments").contains(1));
  CHECK(broker.goodbyes() == 1);
}

TEST_CASE("a drain that takes too long gives back what is unfinished, and says so") {
  FakeBroker broker;
  auto options = broker.options();
  options.drain_timeout = 50ms;
  std::string log;
  options.log = [&](LogLevel level, std::string_view line) {
    if (level == LogLevel::warn) log += line;
  };
  std::promise<void> begun, gate;
  {
    Service payments{"payments", options};
    payments.on<bench::v1::OrderPlaced>("order.placed", [&](const bench::v1::OrderPlaced&) {
      begun.set_value();
      gate.get_future().wait();
    });
    Running running{payments};
    Publisher shop{"shop", broker.options()};
    CHECK(shop.publish("order.placed", order(1)).ok());
    begun.get_future().wait();
    CHECK(running.stop() == 1);
    CHECK(broker.acked("payments").empty());
    CHECK(broker.goodbyes() == 1);
    gate.set_value();
  }
  CHECK(log == "drain_cut_short after_ms=50 (unfinished events go back to the broker)");
}

TEST_CASE("a refused subscription ends run() with 1") {
  FakeBroker broker;
  Service payments{"payments", broker.options()};
  payments.on_raw("order.placed", [](Context&) {});
  CHECK(payments.publisher().flush(0ms) == 0);  // connects
  CHECK(payments.publish("order.placed", order(1)).ok());
  broker.refuse_next(v1::REFUSED_BAD_PATTERN, "empty token at position 7");
  CHECK(payments.run() == 1);
}

TEST_CASE("SIGTERM stops every service of the process, whatever threads it has, and each drains") {
  FakeBroker broker;
  Service payments{"payments", broker.options()};
  Service invoices{"invoices", broker.options()};
  const auto nothing = [](const bench::v1::OrderPlaced&) {};
  payments.on<bench::v1::OrderPlaced>("order.placed", nothing);
  invoices.on<bench::v1::OrderPlaced>("order.placed", nothing);
  Running other{invoices};
  CHECK(payments.publish("order.placed", order(1)).ok());
  std::thread killer{[&] {
    CHECK(broker.wait_until(
        [&] { return broker.acked("payments").size() + broker.acked("invoices").size() == 2; }));
    kill(getpid(), SIGTERM);
  }};
  CHECK(payments.run() == 0);
  CHECK(other.ended() == 0);
  killer.join();
  CHECK(broker.goodbyes() == 2);
}

TEST_CASE("what a service's checks come to is told with its beats, also to a broker that was started again") {
  FakeBroker broker;
  Service payments{"payments", broker.options()};
  std::atomic<bool> up{false};
  payments.on_raw("order.placed", [](Context&) {});
  payments.check("database", {.every = 1ms}, [&] {
    if (!up) throw std::runtime_error{"connection refused"};
  });
  payments.check("disk", {.every = 1ms}, [] { throw 7; });
  Running running{payments};
  const auto tells = [&](const std::string& text) {
    return broker.wait_until([&] { return broker.checks("payments") == text; });
  };
  CHECK(tells("database! connection refused, disk! it threw what is no std::exception"));
  broker.restart();
  CHECK(tells("database! connection refused, disk! it threw what is no std::exception"));
  up = true;
  CHECK(tells("database, disk! it threw what is no std::exception"));
  CHECK(running.stop() == 0);
}

TEST_CASE("a check that hangs holds up neither beats nor handlers nor the end, and is told") {
  FakeBroker broker;
  auto options = broker.options();
  std::mutex mutex;
  std::string logged;
  options.log = [&](LogLevel, std::string_view line) {
    const std::lock_guard lock{mutex};
    if (line.starts_with("check_left_behind")) logged += line;
  };
  Service payments{"payments", options};
  payments.on_raw("order.placed", [](Context&) {});
  // Outlives the test: what hangs is left behind.
  const auto released = std::make_shared<std::promise<void>>();
  payments.check("database", {.timeout = 10ms}, [released] { released->get_future().wait(); });
  Running running{payments};
  CHECK(
      broker.wait_until([&] { return broker.checks("payments") == "database! has not answered for 10ms"; }));
  Publisher shop{"shop", broker.options()};
  CHECK(shop.publish("order.placed", order(1)).ok());
  CHECK(broker.wait_until([&] { return broker.acked("payments").size() == 1; }));
  CHECK(running.stop() == 0);
  CHECK(logged == "check_left_behind check=database");
  released->set_value();
}
