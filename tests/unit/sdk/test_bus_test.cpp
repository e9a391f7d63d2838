#include <doctest/doctest.h>

#include <set>

#include "bench.pb.h"
#include "reel/reel.h"
#include "reel/testing.h"

using namespace std::chrono_literals;

namespace {

bench::v1::OrderPlaced order(const std::string& id = "order-7", std::uint32_t cents = 4200) {
  bench::v1::OrderPlaced order;
  order.set_order_id(id);
  order.set_cents(cents);
  return order;
}

void register_handlers(reel::Service& service) {
  service.on<bench::v1::OrderPlaced>("order.placed",
                                     [](const bench::v1::OrderPlaced& placed, reel::Context& flow) {
                                       if (placed.cents() == 0) throw reel::Reject{"nothing to pay"};
                                       if (placed.cents() == 1)
                                         throw reel::RetryAfter{5s, "bank not reachable"};
                                       bench::v1::PaymentCaptured captured;
                                       captured.set_order_id(placed.order_id());
                                       captured.set_cents(placed.cents());
                                       flow.publish("payment.captured", captured);
                                       if (placed.cents() == 2)
                                         throw std::runtime_error{"crashed behind the publish"};
                                     });
}

}  // namespace

TEST_CASE("a handler runs without a broker, and what it published can be read as what it is") {
  reel::TestBus bus{"payments"};
  register_handlers(bus.service());
  const auto delivered =
      bus.deliver("order.placed", order(), {.id = "e1", .correlationid = "flow-1", .partitionkey = "k"});
  CHECK(delivered.handled());
  REQUIRE(bus.published().size() == 1);
  const auto& event = bus.published()[0];
  CHECK(event.topic == "payment.captured");
  CHECK(event.as<bench::v1::PaymentCaptured>().cents() == 4200);
  CHECK_THROWS_WITH((void)event.as<bench::v1::OrderPlaced>(),
                    "payment.captured carries bench.v1.PaymentCaptured, not bench.v1.OrderPlaced");

  SUBCASE("the flow is kept together") {
    CHECK(event.correlationid == "flow-1");
    CHECK(event.causationid == "e1");
    CHECK(event.partitionkey == "k");
    CHECK(event.source == bus.service().name() + "/" + bus.service().instance().substr(30));
  }
  SUBCASE("doing the work twice makes the same id, another cause another") {
    CHECK(bus.deliver("order.placed", order(), {.id = "e1", .correlationid = "flow-1"}, 2).handled());
    CHECK(bus.deliver("order.placed", order(), {.id = "e2", .correlationid = "flow-1"}).handled());
    CHECK(bus.published()[1].id == event.id);
    CHECK(bus.published()[2].id != event.id);
    CHECK(event.id[14] == '8');
  }
}

TEST_CASE("a handler begins a flow of its own, which says what it is a part of") {
  reel::TestBus bus{"packing"};
  bus.service().on<bench::v1::OrderPlaced>(
      "order.placed", [](const bench::v1::OrderPlaced& placed, reel::Context& flow) {
        flow.publish("parcel.requested", placed, {.subflow = "parcel-1"});
      });
  (void)bus.deliver("order.placed", order("order-7", 5), {.correlationid = "order-7"});
  REQUIRE(bus.published().size() == 1);
  const auto& event = bus.published()[0];
  CHECK(event.correlationid == "parcel-1");
  CHECK(event.attributes == reel::Attributes{{"parentcorrelationid", "order-7"}});
  CHECK_FALSE(event.causationid.empty());
}

TEST_CASE("what a handler throws decides what becomes of the event, and nothing of it is published") {
  reel::TestBus bus{"payments"};
  register_handlers(bus.service());

  const auto rejected = bus.deliver("order.placed", order("o", 0));
  CHECK(rejected.rejected());
  CHECK(rejected.error == "nothing to pay");
  CHECK(rejected.error_type == "reel::Reject");

  const auto later = bus.deliver("order.placed", order("o", 1));
  CHECK(later.retried());
  CHECK(later.delay == 5s);

  const auto crashed = bus.deliver("order.placed", order("o", 2));
  CHECK(crashed.retried());
  CHECK(crashed.error_type == "std::runtime_error");
  CHECK(crashed.error == "crashed behind the publish");
  CHECK(bus.published().empty());
}

TEST_CASE("a payload that is not what the handler takes is a dead letter") {
  reel::TestBus bus;
  register_handlers(bus.service());
  const auto other = bus.deliver("order.placed", bench::v1::PaymentCaptured{});
  CHECK(other.rejected());
  CHECK(other.error == "the event carries bench.v1.PaymentCaptured, its handler takes bench.v1.OrderPlaced");
  const auto broken = bus.deliver_bytes("order.placed", "bench.v1.OrderPlaced", "\xff\xff");
  CHECK(broken.rejected());
  CHECK(broken.error == "the event's data is not a well-formed bench.v1.OrderPlaced");
  CHECK(bus.deliver("order.paid", order()).ending == reel::TestDelivery::Ending::not_handled);
}

TEST_CASE(
    "a handler with a when sees only the events that it says yes to, also beside handlers that see all") {
  reel::TestBus bus;
  std::string ran;
  bus.service().on<bench::v1::OrderPlaced>("order.placed",
                                           reel::When{R"({"data": {"cents": [{"numeric": [">=", 1000]}]}})"},
                                           [&](const bench::v1::OrderPlaced&) { ran += "large "; });
  bus.service().on_raw("order.*", reel::When{R"({"source": ["shop"]})"},
                       [&](reel::Context&) { ran += "shop "; });
  const auto of = [&](std::uint32_t cents, const std::string& source) {
    ran.clear();
    const auto delivered = bus.deliver("order.placed", order("order-7", cents), {.source = source});
    CHECK(delivered.handled() == !ran.empty());
    CHECK((delivered.ending == reel::TestDelivery::Ending::not_handled) == ran.empty());
    return ran;
  };
  CHECK(of(1000, "shop") == "large shop ");
  CHECK(of(1000, "app") == "large ");
  CHECK(of(999, "shop") == "shop ");
  CHECK(of(999, "app") == "");
}

TEST_CASE("a when that is no pattern, or asks for what the type does not have, is refused with a sentence") {
  reel::TestBus bus;
  const auto nothing = [](const bench::v1::OrderPlaced&) {};
  CHECK_THROWS_WITH_AS(bus.service().on<bench::v1::OrderPlaced>(
                           "order.placed", reel::When{R"({"data": {"cent": [1]}})"}, nothing),
                       "cannot handle 'order.placed': its when is no pattern: data.cent: "
                       "bench.v1.OrderPlaced has no such field, "
                       "did you mean 'cents'?",
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(bus.service().on_raw("order.placed", reel::When{R"({"source": [{"prefx": "a"}]})"},
                                            [](reel::Context&) {}),
                       "cannot handle 'order.placed': its when is no pattern: source[0]: unknown operator "
                       "'prefx', did you mean "
                       "'prefix'?",
                       std::invalid_argument);
}

TEST_CASE("a when on a payload whose type the program does not know is left to the broker") {
  reel::TestBus bus;
  int ran = 0;
  bus.service().on_raw("order.placed", reel::When{R"({"data": {"cents": [1]}})"},
                       [&](reel::Context&) { ++ran; });
  CHECK(bus.deliver_bytes("order.placed", "other.v1.Order", "").handled());
  CHECK(ran == 1);
}

TEST_CASE("a handler sees the whole envelope") {
  reel::TestBus bus;
  std::string seen;
  bus.service().on_raw("order.>", [&](reel::Context& context) {
    seen = std::string{context.topic()} + " " + std::string{context.type()} + " " +
           std::string{context.source()} + " " + std::string{context.id()} + " " +
           std::string{context.correlationid()} + " " + std::string{context.causationid()} + " " +
           std::string{context.subject()} + " " + std::string{context.traceparent()} + " " +
           std::to_string(context.time()) + " " + std::to_string(context.attempt());
    for (const auto& [name, value] : context.attributes())
      seen += " " + std::string{name} + "=" + std::string{value};
    CHECK(context.offset() == 1);
    CHECK(context.recordedtime() != 0);
    CHECK(context.data() == order().SerializeAsString());
  });
  CHECK(bus.deliver("order.placed", order(),
                    {.id = "e1",
                     .correlationid = "c",
                     .causationid = "p",
                     .subject = "s",
                     .time = 5,
                     .traceparent = "t",
                     .attributes = {{"region", "eu"}},
                     .source = "shop"},
                    3)
            .handled());
  CHECK(seen == "order.placed bench.v1.OrderPlaced shop e1 c p s t 5 3 region=eu");
}

TEST_CASE("inside a handler a topic that is none, or too much, is a failure of the handler") {
  reel::TestBus bus;
  bus.service().on_raw("bad.topic", [](reel::Context& context) { context.publish("order.*", order()); });
  bus.service().on_raw("too.large", [](reel::Context& context) {
    context.publish("order.placed", "T", std::string(2'000'000, 'x'));
  });
  bus.service().on_raw("too.much", [](reel::Context& context) {
    for (int i = 0; i < 5; ++i) context.publish("order.placed", "T", std::string(1'000'000, 'x'));
  });
  CHECK(bus.deliver("bad.topic", order()).error == "cannot publish to 'order.*': wildcard '*' at position 7");
  const auto large = bus.deliver("too.large", order(), {.id = "e", .correlationid = "c"});
  CHECK(large.error.ends_with(" bytes long, at most 1048576 are allowed"));
  CHECK(bus.deliver("too.much", order()).error.ends_with(" bytes, at most 4194304 are allowed"));
}

TEST_CASE("what a service publishes outside of handlers is recorded, too, and begins a flow") {
  reel::TestBus bus{"orders"};
  const auto result = bus.service().publish("order.placed", order());
  CHECK(result.ok());
  REQUIRE(bus.published().size() == 1);
  CHECK(bus.published()[0].correlationid == result.correlationid);
  CHECK(bus.published()[0].id == result.id);
  CHECK(result.id == result.correlationid);
  CHECK(bus.service().publish("order.placed", order(), {.correlationid = ""}).correlationid.empty());
  CHECK(bus.service().publish("order..placed", order()).text == "empty token at position 7");
  CHECK(bus.published("order.placed").size() == 2);
  bus.forget_published();
  CHECK(bus.published().empty());
}

TEST_CASE("a service can be fed its own events") {
  reel::TestBus bus{"payments"};
  register_handlers(bus.service());
  int seen = 0;
  bus.service().on<bench::v1::PaymentCaptured>("payment.captured",
                                               [&](const bench::v1::PaymentCaptured&) { ++seen; });
  CHECK(bus.deliver("order.placed", order()).handled());
  const auto captured = bus.published()[0];
  CHECK(bus.deliver(captured).handled());
  CHECK(seen == 1);
}

TEST_CASE("what is to be handed over later is told as such, with the times it was given") {
  reel::TestBus bus{"payments"};
  bus.service().on_raw("order.placed", [](reel::Context& flow) {
    flow.publish("order.reminded", "T", "", {.after = 10min, .expires_after = 1min});
    flow.publish("order.closed", "T", "", {.deliver_at = 77, .expires_at = 88});
    flow.publish("order.seen", "T", "", {});
  });
  CHECK(bus.deliver("order.placed", order()).handled());
  REQUIRE(bus.published().size() == 3);
  const auto& reminded = bus.published()[0];
  CHECK(reminded.delayed());
  CHECK(reminded.delivertime == reminded.time + 600'000'000'000);
  CHECK(reminded.expirytime == reminded.time + 660'000'000'000);
  CHECK(bus.published()[1].delivertime == 77);
  CHECK(bus.published()[1].expirytime == 88);
  CHECK_FALSE(bus.published()[2].delayed());

  auto& publisher = bus.service().publisher();
  CHECK(publisher.publish("order.reminded", order(), {.after = 1h}).delayed);
  CHECK_FALSE(publisher.publish("order.placed", order()).delayed);
}

TEST_CASE("a check of the service under test is run when the test says so") {
  reel::TestBus bus{"payments"};
  bool up = true;
  bus.service().check("database", [&] {
    if (!up) throw std::runtime_error{"connection refused"};
  });
  CHECK_FALSE(bus.check("database"));
  up = false;
  CHECK(bus.check("database") == "connection refused");
  CHECK_THROWS_WITH_AS((void)bus.check("disk"), "there is no check 'disk'", std::invalid_argument);
}

TEST_CASE("a batch handler is handed events one by one or together, and each ends on its own") {
  reel::TestBus bus{"store"};
  std::string seen;
  bus.service().on_batch<bench::v1::OrderPlaced>("order.*", {.max_size = 3}, [&](auto& batch) {
    seen += "[" + std::to_string(batch.size()) + "]";
    for (auto& item : batch) {
      item.flow().publish("order.stored", *item);
      if (item->cents() == 1) item.retry_after(5s, "bank not reachable");
      if (item->cents() == 2) throw std::runtime_error{"disk full"};
    }
  });
  bus.service().on<bench::v1::PaymentCaptured>("payment.captured", [](const bench::v1::PaymentCaptured&) {});
  const auto placed = [&](std::uint32_t cents, const std::string& flow) {
    return bus.event("order.placed", order("order-7", cents), {.correlationid = flow});
  };

  CHECK(bus.deliver("order.placed", order()).handled());
  CHECK(bus.published("order.stored").size() == 1);
  bus.forget_published();
  seen.clear();

  const auto ends = bus.deliver_batch({placed(100, "a"), placed(1, "b"), placed(200, "b"), placed(300, "c"),
                                       bus.event("payment.captured", bench::v1::PaymentCaptured{}),
                                       bus.event("order.paid", bench::v1::PaymentCaptured{})});
  CHECK(seen == "[3][1]");
  REQUIRE(ends.size() == 6);
  CHECK(ends[0].handled());
  CHECK(ends[1].retried());
  CHECK(ends[1].delay == 5s);
  CHECK(ends[2].handed_back());
  CHECK(ends[3].handled());
  CHECK(ends[4].handled());
  CHECK(ends[5].rejected());
  CHECK(ends[5].error ==
        "the event carries bench.v1.PaymentCaptured, its handler takes bench.v1.OrderPlaced");
  CHECK(bus.published("order.stored").size() == 2);

  seen.clear();
  const auto halved = bus.deliver_batch({placed(100, "a"), placed(2, "b")});
  CHECK(seen == "[2][1][1]");
  CHECK(halved[0].handled());
  CHECK(halved[1].error == "disk full");
}

TEST_CASE("a raw batch handler takes any type, and a `when` leaves out what it does not want") {
  reel::TestBus bus{"store"};
  std::string seen;
  bus.service().on_batch_raw(
      "order.*", reel::When{R"({"subject": ["vip"]})"}, {}, [&](reel::RawBatch& batch) {
        batch.each([&](reel::Context& flow) { seen += std::string{flow.type()} + " "; });
      });
  const auto ends = bus.deliver_batch(
      {bus.event("order.placed", order(), {.subject = "vip"}), bus.event("order.placed", order()),
       bus.event("order.paid", bench::v1::PaymentCaptured{}, {.subject = "vip"})});
  CHECK(seen == "bench.v1.OrderPlaced bench.v1.PaymentCaptured ");
  CHECK(ends[1].ending == reel::TestDelivery::Ending::not_handled);
}

TEST_CASE("a test's batches are cut as on the bus") {
  reel::TestBus bus{"store"};
  std::string seen;
  bus.service().on_batch<bench::v1::OrderPlaced>(
      "order.placed", reel::When{R"({"subject": ["vip"]})"}, {.max_size = 2, .max_bytes = 1'000},
      [&](auto& batch) {
        seen += "[" + std::to_string(batch.size()) + "]";
        batch.each([](const bench::v1::OrderPlaced& placed, auto&) {
          if (placed.cents() == 1) throw reel::Reject{"no total"};
        });
      });
  const auto placed = [&](std::uint32_t cents, const std::string& subject, const std::string& flow,
                          const std::string& id = "order-7") {
    return bus.event("order.placed", order(id, cents), {.correlationid = flow, .subject = subject});
  };

  SUBCASE("what their `when` says no to takes no place") {
    const auto ends = bus.deliver_batch(
        {placed(2, "vip", "a"), placed(2, "", "b"), placed(2, "vip", "c"), placed(2, "vip", "d")});
    CHECK(seen == "[2][1]");
    CHECK(ends[1].ending == reel::TestDelivery::Ending::not_handled);
    CHECK(ends[2].handled());
  }
  SUBCASE("by bytes, which the first one may exceed") {
    const std::string large(2'000, 'x');
    (void)bus.deliver_batch({placed(2, "vip", "a", large), placed(2, "vip", "b"), placed(2, "vip", "c")});
    CHECK(seen == "[1][2]");
  }
  SUBCASE("a key that failed waits, also in the next batch") {
    const auto ends = bus.deliver_batch(
        {placed(1, "vip", "a"), placed(2, "vip", "b"), placed(2, "vip", "a"), placed(2, "vip", "b")});
    CHECK(seen == "[2][1]");
    CHECK(ends[0].rejected());
    CHECK(ends[2].handed_back());
    CHECK(ends[3].handled());
  }
}
