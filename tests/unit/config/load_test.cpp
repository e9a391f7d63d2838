#include "config/load.h"

#include <doctest/doctest.h>

#include "config_bench.h"

using namespace reel::config;
using namespace std::chrono_literals;

namespace {

constexpr const char* shop = R"(
schemas: [proto/shop/v1, ../more.proto, /opt/abs.proto]
topics:
  order.placed: {type: shop.v1.OrderPlaced}
  order.copied: {type: shop.v1.OrderPlaced}
  payment.captured: {type: shop.v1.PaymentCaptured}
  stock.reserved: {type: shop.v1.StockReserved}
  shipment.delivered: {type: shop.v1.ShipmentDelivered}
  order.attention_needed: {type: reel.v1.FlowOverdue}
  price.tick: {type: shop.v1.Tick, durable: false}
routes:
  - {from: order.placed, to: order.copied}
services:
  payments:
    topics: [order.placed, "stock.*", reel.flow.overdue]
    ack_timeout: 10s
    retry:
      attempts: 3
      backoff: [50ms, 2s]
      jitter: 10%
      by_error: {"shop::*": {attempts: 1}, "*Timeout": {backoff: [1m], max_age: 7d}}
  shipping:
flows:
  order-fulfilment:
    start: order.placed
    expect:
      - {after: order.placed, any_of: [payment.captured], within: 5s, owner: payments}
      - after: payment.captured
        all_of: [stock.reserved, shipment.delivered]
        within: 1h
    end: [shipment.delivered]
    within: 24h
    on_overdue: {publish: order.attention_needed}
broker:
  listen: "tcp://127.0.0.1:*"
  live: ipc:///run/reel/live
  data: /var/lib/reel
  journal: {sync: interval, sync_interval: 5ms, segment_bytes: 1MiB, retain: 2d, retain_bytes: 4GiB}
  event_bytes_max: 64KiB
  services_max: 12
  snapshot_events: 20000
gateway: {listen: 0.0.0.0:80}
)";

}  // namespace

TEST_CASE("a file becomes a model") {
  const Model model = parse(shop, "/etc/reel/reel.yaml");

  CHECK(model.path == "/etc/reel/reel.yaml");
  CHECK(model.schemas ==
        std::vector<std::string>{"/etc/reel/proto/shop/v1", "/etc/more.proto", "/opt/abs.proto"});
  CHECK(model.topics.size() == 7);
  CHECK(model.topics.at("order.placed").type == "shop.v1.OrderPlaced");
  CHECK(model.topics.at("order.placed").durable);
  CHECK_FALSE(model.topics.at("price.tick").durable);
  CHECK(model.topics.at("order.placed").place.line == 4);
  CHECK(model.topics.at("order.placed").place.column == 3);
  REQUIRE(model.routes.size() == 1);
  CHECK(model.routes[0].from == "order.placed");
  CHECK(model.routes[0].to == "order.copied");

  const Service payments = model.policy_of("payments");
  CHECK(payments.topics == std::vector<std::string>{"order.placed", "stock.*", "reel.flow.overdue"});
  CHECK(payments.ack_timeout == 10s);
  CHECK(payments.retry.attempts == 3);
  CHECK(payments.retry.backoff == std::vector<milliseconds>{50ms, 2s});
  CHECK(payments.retry.jitter == 0.1);
  CHECK(payments.retry.by_error ==
        std::vector<ErrorRetry>{
            {.error_type = "shop::*", .attempts = 1, .backoff = {50ms, 2s}, .max_age = 24h},
            {.error_type = "*Timeout", .attempts = 3, .backoff = {1min}, .max_age = 7 * 24h}});
  CHECK(model.services.contains("shipping"));
  CHECK(model.policy_of("shipping").ack_timeout == 30s);
  CHECK(model.policy_of("nobody").retry == Retry{});

  const Flow& flow = model.flows.at("order-fulfilment");
  CHECK(flow.start == "order.placed");
  REQUIRE(flow.expect.size() == 2);
  CHECK(flow.expect[0].after == "order.placed");
  CHECK(flow.expect[0].any_of == std::vector<std::string>{"payment.captured"});
  CHECK(flow.expect[0].within == 5s);
  CHECK(flow.expect[0].owner == "payments");
  CHECK(flow.expect[1].all_of == std::vector<std::string>{"stock.reserved", "shipment.delivered"});
  CHECK(flow.expect[1].expected() == flow.expect[1].all_of);
  CHECK(flow.end == std::vector<std::string>{"shipment.delivered"});
  CHECK(flow.within == 24h);
  CHECK(flow.on_overdue_publish == "order.attention_needed");

  CHECK(model.broker.listen == "tcp://127.0.0.1:*");
  CHECK(model.broker.live == "ipc:///run/reel/live");
  CHECK(model.broker.data == "/var/lib/reel");
  CHECK(model.broker.journal.sync == Sync::interval);
  CHECK(model.broker.journal.sync_interval == 5ms);
  CHECK(model.broker.journal.segment_bytes == 1u << 20);
  CHECK(model.broker.journal.retain == 48h);
  CHECK(model.broker.journal.retain_bytes == 4ull << 30);
  CHECK(model.broker.event_bytes_max == 64u << 10);
  CHECK(model.broker.services_max == 12);
  CHECK(model.broker.snapshot_events == 20'000);
  CHECK_MESSAGE(model.tracker.data == "/var/lib/reel/tracker", "it moves with the broker's");
  CHECK(model.gateway.listen == "0.0.0.0:80");
}

TEST_CASE("what a file says nothing about has its default") {
  const Model model = parse("topics:\n", "/etc/reel/reel.yaml");
  Broker broker;
  broker.data = "/etc/reel/data";
  Tracker tracker;
  tracker.data = "/etc/reel/data/tracker";
  CHECK(model.broker == broker);
  CHECK(model.tracker == tracker);
  CHECK(model.gateway == Gateway{});
  CHECK(model.topics.empty());
}

TEST_CASE("the digest names the text") {
  CHECK(parse("topics:\n").digest == parse("topics:\n", "other.yaml").digest);
  CHECK(parse("topics:\n").digest != parse("topics: \n").digest);
  CHECK(parse("topics:\n").digest.size() == 12);
}

TEST_CASE("a byte order mark and the other system's line ends do not matter") {
  CHECK(problems_of("\xef\xbb\xbftopics:\r\n  a: {type: X}\r\n") == "valid");
  CHECK(problem_of("\xef\xbb\xbf"
                   "topic:\r\n  a: {type: X}\r\n") ==
        "reel.yaml:1:1: unknown key 'topic'\n"
        "  topic:\n"
        "  ^ did you mean 'topics'?\n");
}

TEST_CASE("schemas are compiled from the file's folder, and their types are what topics may have") {
  const TempDir dir;
  dir.write("shop.proto", "");
  const auto file =
      dir.write("reel.yaml", "schemas: [shop.proto]\ntopics: {a: {type: shop.A}, b: {type: shop.B}}\n");
  std::vector<std::string> asked;
  const auto model = load(file, [&](const std::vector<std::string>& paths) {
    asked = paths;
    return Schemas{{"shop.A", "shop.B"}, {}};
  });
  CHECK(asked == std::vector<std::string>{dir.path("shop.proto")});
  CHECK(model.topics.at("b").type == "shop.B");
}

TEST_CASE("what is wrong with a schema stands in the same report, and types are not doubted then") {
  const TempDir dir;
  dir.write("shop.proto", "");
  const auto file =
      dir.write("reel.yaml", "schemas: [shop.proto]\ntopics: {a: {type: shop.A, durabel: true}}\n");
  const auto failing = [](const auto&) { return Schemas{{}, {"shop.proto:3:1: expected ';'"}}; };
  try {
    (void)load(file, failing);
    FAIL("it loaded");
  } catch (const ConfigError& error) {
    CHECK(error.what() == file +
                              ":2:28: unknown key 'durabel' in 'topics.a'\n"
                              "  topics: {a: {type: shop.A, durabel: true}}\n"
                              "                             ^ did you mean 'durable'?\n"
                              "shop.proto:3:1: expected ';'\n" +
                              file + ": 2 problems");
  }
}

TEST_CASE("a file that cannot be read is said so in one line") {
  const TempDir dir;
  const auto reading = [](const std::string& path) -> std::string {
    try {
      (void)load(path);
      return "valid";
    } catch (const ConfigError& error) {
      return error.what();
    }
  };
  CHECK(reading(dir.path("nowhere.yaml")) == dir.path("nowhere.yaml") + ": cannot be read: no such file");
  CHECK(reading(dir.path()) == dir.path() + ": cannot be read: it is a folder");
  const auto large = dir.write("large.yaml", std::string((1u << 20) + 1, '#'));
  CHECK(reading(large) == large + ": is larger than 1MiB, which no settings file is");
  CHECK(reading(dir.write("full.yaml", "topics:\n#" + std::string((1u << 20) - 9, '#'))) == "valid");
}

TEST_CASE("read for a rehearsal, a file may have flows alone, and topics without types") {
  constexpr auto read = [](std::string_view text) {
    return parse(text, "reel.yaml", {}, Purpose::rehearse).flows.size();
  };
  CHECK(read("flows: {f: {expect: [{after: a, any_of: [b], within: 5s}]}}") == 1);
  CHECK(
      read(
          "topics: {a: {}, b: {}}\ncases: {}\nflows: {f: {expect: [{after: a, any_of: [b], within: 5s}]}}") ==
      1);
  CHECK_THROWS_AS(read("topics: {a: {}}\nflows: {f: {expect: [{after: a, any_of: [b], within: 5s}]}}"),
                  ConfigError);
}
