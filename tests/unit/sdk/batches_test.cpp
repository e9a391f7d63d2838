// Batch handlers of a running service, over real sockets.
#include "batches.h"

#include <doctest/doctest.h>

#include <future>
#include <map>
#include <set>

#include "bench.pb.h"
#include "event/batch.h"
#include "fake_broker.h"
#include "reel/service.h"

using namespace reel;
using namespace std::chrono_literals;
using bench::v1::OrderPlaced;

namespace {

OrderPlaced order_of(std::uint32_t cents) {
  OrderPlaced order;
  order.set_cents(cents);
  return order;
}

// A service with a broker, a publisher, and a record of what its handlers saw.
class BatchBench {
 public:
  explicit BatchBench(unsigned workers = 2) : service{"store", with_workers(workers)} {}
  ~BatchBench() {
    if (code.valid()) stop();
  }
  void run() {
    code = std::async(std::launch::async, [this] { return service.run(); });
  }
  int stop() {
    service.stop();
    return code.get();
  }
  void place(std::uint32_t cents, const std::string& flow, const std::string& topic = "order.placed") {
    REQUIRE(shop.publish(topic, order_of(cents), {.correlationid = flow}).ok());
  }
  bool acks(std::size_t count) {
    return broker.wait_until([&] { return broker.acked("store").size() == count; });
  }
  void saw(const std::string& what) {
    const std::lock_guard lock{mutex};
    seen += (seen.empty() ? "" : " ") + what;
  }
  // "[1 2 3]"
  void saw(Batch<OrderPlaced>& batch) {
    std::string text;
    for (auto& item : batch) text += (text.empty() ? "[" : " ") + std::to_string(item->cents());
    saw(text + "]");
  }

  FakeBroker broker;
  Service service;
  Publisher shop{"shop", broker.options()};
  std::mutex mutex;
  std::string seen;
  std::future<int> code;

 private:
  [[nodiscard]] Options with_workers(unsigned workers) const {
    auto options = broker.options();
    options.workers = workers;
    return options;
  }
};

Options options_with(std::uint32_t credit_events, std::uint32_t credit_bytes) {
  Options options;
  options.credit_events = credit_events;
  options.credit_bytes = credit_bytes;
  return options;
}

}  // namespace

TEST_CASE("a batch's items are settled each on its own, with what was published for them") {
  BatchBench bench;
  bench.service.on_batch<OrderPlaced>("order.placed", {.max_size = 5, .max_wait = 1h}, [&](auto& batch) {
    bench.saw(batch);
    for (auto& item : batch) {
      if (item->cents() == 2 && item.flow().attempt() == 1) {
        item.fail("disk full");
      } else if (item->cents() == 4) {
        item.reject("negative total");
      } else {
        item.flow().publish("order.stored", *item);
      }
    }
  });
  for (std::uint32_t i = 1; i <= 5; ++i) bench.place(i, "flow-" + std::to_string(i));
  bench.run();
  CHECK(bench.acks(5));
  CHECK(bench.stop() == 0);
  CHECK(bench.seen == "[1 2 3 4 5] [2]");
  CHECK(bench.broker.journal("order.stored").size() == 4);
  std::map<std::string, bool> rejects;
  for (const auto& nack : bench.broker.nacks()) rejects[nack.error()] = nack.reject();
  CHECK(rejects == std::map<std::string, bool>{{"disk full", false}, {"negative total", true}});
  CHECK(bench.service.counts().handled == 4);
  CHECK(bench.service.counts().failed == 2);
}

TEST_CASE("behind a failed item its key's others come again, in order and uncounted") {
  BatchBench bench;
  int failures = 0;
  bench.service.on_batch<OrderPlaced>("order.placed", {.max_size = 6, .max_wait = 50ms}, [&](auto& batch) {
    bench.saw(batch);
    for (auto& item : batch) {
      item.flow().publish("order.stored", *item);
      if (item->cents() == 2 && failures < 2) {
        item.fail("disk full");
        ++failures;
      }
    }
  });
  for (std::uint32_t i = 1; i <= 5; ++i) bench.place(i, "one");
  bench.place(100, "other");
  bench.run();
  CHECK(bench.acks(6));
  CHECK(bench.stop() == 0);
  CHECK(bench.seen == "[1 2 3 4 5 100] [2 3 4 5] [2 3 4 5]");  // each delivery counts as an attempt here
  CHECK(bench.broker.journal("order.stored").size() == 6);
  CHECK(bench.broker.nacks().size() == 2);
  CHECK(bench.service.counts().dropped == 6);
}

TEST_CASE("a key's order holds across plain and batch handlers") {
  BatchBench bench;
  bench.service.on_batch<OrderPlaced>("order.placed", {.max_size = 10, .max_wait = 20ms},
                                      [&](auto& batch) { bench.saw(batch); });
  bench.service.on<OrderPlaced>("order.paid", [&](const OrderPlaced& paid) {
    bench.saw(std::to_string(paid.cents()));
    if (paid.cents() == 3 && bench.seen.find("3 ") == std::string::npos) throw std::runtime_error{"not yet"};
  });
  bench.place(1, "one");
  bench.place(2, "one");
  bench.place(3, "one", "order.paid");
  bench.place(4, "one");
  bench.place(5, "one", "order.paid");
  bench.run();
  CHECK(bench.acks(5));
  CHECK(bench.stop() == 0);
  CHECK(bench.seen == "[1 2] 3 3 [4] 5");
}

TEST_CASE("a batch that hangs holds up its keys and its handler, nothing else") {
  BatchBench bench;
  std::promise<void> begun, gate;
  bench.service.on_batch<OrderPlaced>("order.placed", {.max_size = 2, .max_wait = 0ms}, [&](auto& batch) {
    bench.saw(batch);
    if (batch[0]->cents() != 1) return;
    begun.set_value();
    gate.get_future().wait();
  });
  bench.service.on_batch<OrderPlaced>("order.archived", {.max_size = 2, .max_wait = 0ms},
                                      [&](auto& batch) { bench.saw(batch); });
  bench.service.on<OrderPlaced>("order.paid",
                                [&](const OrderPlaced& paid) { bench.saw(std::to_string(paid.cents())); });
  bench.run();
  bench.place(1, "stuck");
  begun.get_future().wait();
  bench.place(2, "stuck", "order.paid");
  bench.place(3, "waits-for-the-handler");
  bench.place(4, "free", "order.paid");
  CHECK(bench.acks(1));
  bench.place(5, "free", "order.archived");
  CHECK(bench.acks(2));
  gate.set_value();
  CHECK(bench.acks(5));
  CHECK(bench.stop() == 0);
  CHECK(bench.seen.starts_with("[1] 4 [5] "));
}

TEST_CASE("a batch waits no longer than the broker's service_timeout") {
  BatchBench bench;
  bench.service.on_batch<OrderPlaced>("order.placed", {.max_wait = 1h},
                                      [&](auto& batch) { bench.saw(batch); });
  bench.run();
  bench.place(1, "one");
  CHECK(bench.acks(1));  // the fake broker's is 1 s
}

TEST_CASE("a stop hands over what only waited for company") {
  BatchBench bench{1};  // so that what is handled last came last
  std::promise<void> gathered;
  bench.service.on_batch<OrderPlaced>("order.placed", {.max_wait = 1h},
                                      [&](auto& batch) { bench.saw(batch); });
  bench.service.on<OrderPlaced>("order.paid", [&](const OrderPlaced&) { gathered.set_value(); });
  bench.place(1, "one");
  bench.place(2, "two");
  bench.place(3, "three", "order.paid");
  bench.run();
  gathered.get_future().wait();
  CHECK(bench.stop() == 0);
  CHECK(bench.seen == "[1 2]");
  CHECK(bench.broker.acked("store").size() == 3);
}

TEST_CASE("a broker that is started again in the middle of a batch loses and doubles nothing") {
  BatchBench bench;
  std::atomic<int> calls{0};
  bench.service.on_batch<OrderPlaced>("order.placed", {.max_size = 20, .max_wait = 5ms}, [&](auto& batch) {
    if (++calls <= 40 && calls % 8 == 1) bench.broker.restart();
    for (auto& item : batch) item.flow().publish("order.stored", *item);
  });
  bench.run();
  for (std::uint32_t i = 0; i < 200; ++i)
    bench.shop.publish_async("order.placed", order_of(i),
                             {.correlationid = "flow-" + std::to_string(i % 17)});
  CHECK(bench.shop.flush(20s) == 0);
  CHECK(bench.acks(200));
  CHECK(bench.stop() == 0);
  const auto stored = bench.broker.journal("order.stored");
  CHECK(std::set<std::string>{stored.begin(), stored.end()}.size() == 200);
}

TEST_CASE("whatever fails in batches, each key is handled once and in order") {
  BatchBench bench;
  std::map<std::string, std::vector<std::uint32_t>> done;
  const auto is_poison = [](std::uint32_t cents, std::uint32_t attempt) {
    return cents % 7 == 3 && attempt < 3;
  };
  bench.service.on_batch<OrderPlaced>("order.placed", {.max_size = 16, .max_wait = 2ms}, [&](auto& batch) {
    for (auto& item : batch) {
      if (item->cents() % 2 == 0 && is_poison(item->cents(), item.flow().attempt()))
        throw std::runtime_error{"poison"};
    }
    batch.each([&](auto& item) {
      if (is_poison(item->cents(), item.flow().attempt())) throw std::runtime_error{"disk full"};
      const std::lock_guard lock{bench.mutex};
      done[std::string{item.flow().correlationid()}].push_back(item->cents());
    });
  });
  bench.service.on<OrderPlaced>("order.paid", [&](const OrderPlaced& paid, Context& flow) {
    if (is_poison(paid.cents(), flow.attempt())) throw std::runtime_error{"poison"};
    const std::lock_guard lock{bench.mutex};
    done[std::string{flow.correlationid()}].push_back(paid.cents());
  });
  std::map<std::string, std::vector<std::uint32_t>> expected;
  for (std::uint32_t i = 0; i < 300; ++i) {
    const auto flow = "flow-" + std::to_string(i % 11);
    bench.shop.publish_async(i % 5 == 0 ? "order.paid" : "order.placed", order_of(i),
                             {.correlationid = flow});
    expected[flow].push_back(i);
  }
  CHECK(bench.shop.flush(20s) == 0);
  bench.run();
  CHECK(bench.acks(300));
  CHECK(bench.stop() == 0);
  CHECK(done == expected);
}

TEST_CASE("what gathers is a quarter of the credit at most, shared by all batch handlers") {
  const sdk::BatchHandler small{.options = {.max_size = 10}}, large{.options = {.max_size = 5'000}};
  const auto limits = [&](const std::vector<const sdk::BatchHandler*>& handlers, const Options& options) {
    std::string text;
    for (const auto& one : sdk::batch_limits(handlers, options))
      text += std::to_string(one.events) + "/" + std::to_string(one.bytes) + " ";
    return text;
  };
  CHECK(limits({&small}, {}) == "10/4194304 ");
  CHECK(limits({&large}, {}) == "1024/4194304 ");
  CHECK(limits({&small, &large}, options_with(400, 8'000)) == "10/1000 50/1000 ");
  CHECK(limits({&large}, options_with(2, 2)) == "1/1 ");
}

namespace {

// A service's batch handler, which no thread runs before start().
class QuietBatches {
 public:
  QuietBatches() {
    registry.add_batch({.pattern = "order.placed",
                        .options = {.max_size = 1, .max_wait = 1h},
                        .handler = [this](BatchCall&) { handle(); }});
    handlers = registry.match("order.placed");
    batches.emplace(
        registry.batches(), identity, Options{}, settles,
        sdk::Batches::Surroundings{.wake = [] {},
                                   .freed = [](auto) {},
                                   .still_wanted = [this](const sdk::Task&) { return wanted; },
                                   .emit_limits = [] { return sdk::EmitLimits{}; },
                                   .too_late = [this](std::uint64_t events) { too_late += events; },
                                   .log = [this](LogLevel, const std::string& line) { log += line + "\n"; }});
  }
  sdk::Task task(std::uint64_t offset) {
    auto* frame = new sdk::DeliveredFrame;
    frame->runs.push_back({.head = {.topic = "order.placed"}, .handlers = &handlers});
    frame->unhandled = 1;
    return {
        .key_hash = 7, .offset = offset, .bytes = event.bytes, .frame = frame, .in_batch = 1, .delivery = 1};
  }
  std::uint64_t dropped() const {
    ServiceCounts counts;
    batches->add_counts(counts);
    return counts.dropped;
  }

  sdk::HandlerRegistry registry;
  sdk::HandlerSet handlers;
  const sdk::Identity identity{.service = "store", .instance = "1", .source = "store/1"};
  sdk::Finished finished;
  sdk::SettleBatcher settles{1, 1'000, finished};
  bool wanted = true;
  std::function<void()> handle = [] {};
  std::uint64_t too_late = 0;
  const std::string encoded = [] {
    BatchWriter writer;
    writer.begin_run({.topic = "order.placed"});
    writer.add({.id = "e1", .correlationid = "order-7"});
    return writer.take();
  }();
  const EventView event = BatchReader{encoded}.next_run()->next_event().value();
  std::string log;
  std::optional<sdk::Batches> batches;
};

}  // namespace

TEST_CASE("who waits for the last batch hears of it where that is dropped instead") {
  QuietBatches quiet;
  CHECK(quiet.batches->keep(quiet.task(1)));
  std::promise<void> waits;
  auto idle = std::async(std::launch::async, [&] {
    waits.set_value();
    return quiet.batches->wait_idle(std::chrono::steady_clock::now() + 20s);
  });
  waits.get_future().wait();
  CHECK(idle.wait_for(20ms) == std::future_status::timeout);
  quiet.batches->drop_all(1);
  CHECK(idle.wait_for(10s) == std::future_status::ready);
  CHECK(quiet.dropped() == 1);
}

TEST_CASE("what is taken back on its way to the desk does not come onto it") {
  QuietBatches quiet;
  quiet.wanted = false;
  CHECK(quiet.batches->keep(quiet.task(1)));
  CHECK(quiet.dropped() == 1);
  CHECK(quiet.batches->wait_idle({}));
}

TEST_CASE("what is taken back while its batch is handled is counted, kept and not told") {
  QuietBatches quiet;
  quiet.handle = [&] {
    v1::TakenBack taken;
    auto& range = *taken.add_deliveries();
    range.set_first(1);
    range.set_count(1);
    range.set_delivery(1);
    quiet.batches->take_back(sdk::TakenBackSet{{taken.deliveries().begin(), taken.deliveries().end()}});
  };
  CHECK(quiet.batches->keep(quiet.task(1)));
  quiet.batches->start();
  CHECK(quiet.batches->wait_idle(std::chrono::steady_clock::now() + 20s));
  quiet.batches->end();
  CHECK(quiet.too_late == 1);
  ServiceCounts counts;
  quiet.batches->add_counts(counts);
  CHECK(counts.handled == 1);
  CHECK(counts.dropped == 0);
  CHECK_FALSE(quiet.settles.take());
  CHECK(quiet.finished.take({1, 0}));
}

TEST_CASE("a batch that the broker does not let wait is told of once, not at each connection") {
  QuietBatches quiet;
  for (int connection = 0; connection < 3; ++connection) quiet.batches->set_wait_max(5s);
  CHECK(quiet.log == "batches_cut pattern=order.placed wait_max_ms=5000 (the broker's service_timeout)\n");
}
