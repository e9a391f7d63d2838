// Incidents and what people say of them, through the whole tracker: a log, a store, stops and crashes.
#include "tracker/cares.h"

#include <doctest/doctest.h>

#include "event/quoted_text.h"
#include "watch_bench.h"

using namespace reel;
using namespace reel::tracker;
using namespace reel::tracker::bench;

namespace {

const std::string payment_flow = "flow orders\norder.placed -> payment.captured within 5s by payments";

void go_overdue(WatchBench& bench, int flows) {
  for (int i = 1; i <= flows; ++i) bench.publishes("order.placed", "order-" + std::to_string(i));
  bench.works();
  bench.passes(6s);
  bench.works();
  bench.works();
}

v1::Incident only(WatchBench& bench) {
  REQUIRE(bench.watch().incidents().all().size() == 1);
  return bench.watch().incidents().all().begin()->second;
}

v1::CareRequest acknowledge(const std::string& incident, const std::string& reason = "on it") {
  v1::CareRequest care;
  care.mutable_acknowledge()->set_incident(incident);
  care.mutable_acknowledge()->set_by("ada@desk");
  care.mutable_acknowledge()->set_reason(reason);
  return care;
}

v1::CareRequest snooze(const std::string& incident, std::uint64_t until) {
  v1::CareRequest care;
  *care.mutable_snooze() = acknowledge(incident).acknowledge();
  care.mutable_snooze()->set_until(until);
  return care;
}

v1::CareRequest waive(const std::string& flow, const std::string& missing = "",
                      const std::string& by = "ada@desk") {
  v1::CareRequest care;
  care.mutable_waive()->set_correlationid(flow);
  if (!missing.empty()) care.mutable_waive()->add_missing(missing);
  care.mutable_waive()->set_by(by);
  care.mutable_waive()->set_reason("paid in cash");
  return care;
}

}  // namespace

TEST_CASE("overdue flows are one incident, which ends when the last of them has come") {
  WatchBench bench{payment_flow};
  go_overdue(bench, 3);
  CHECK(bench.incidents() == "payment.captured after order.placed: 3 of 3");
  for (int i = 1; i <= 3; ++i) bench.publishes("payment.captured", "order-" + std::to_string(i));
  bench.works();
  bench.works();
  CHECK(bench.incidents() == "payment.captured after order.placed: 0 of 3, resolved");
  CHECK(bench.incidents(false) == "");
  const std::string id = only(bench).id();
  CHECK(bench.told_of_incidents() == "reel.incident.opened " + id + "\nreel.incident.resolved " + id);
}

TEST_CASE("stops and crashes at any point count nothing twice, and publish nothing twice") {
  const auto run = [](int crash_every, bool stop) {
    WatchBench bench{payment_flow};
    bench.bus.batch_events = 2;
    bench.bus.recognises_ids = false;  // the broker has forgotten: only the log is there
    int turns = 0;
    const auto turn = [&](int count) {
      for (int i = 0; i < count; ++i) {
        REQUIRE(bench.watch().turn(0ms, bench.tick()));
        if (crash_every == 0 || ++turns % crash_every != 0) continue;
        stop ? bench.stops() : bench.crashes();
        bench.starts();
      }
    };
    for (int i = 1; i <= 6; ++i) bench.publishes("order.placed", "order-" + std::to_string(i));
    turn(12);
    bench.passes(6s);
    turn(40);
    bench.publishes("payment.captured", "order-1");
    bench.publishes("payment.captured", "order-2");
    turn(40);
    bench.works();
    bench.works();
    return bench.incidents() + "\n" + bench.published() + "\n" + bench.told_of_incidents();
  };
  const std::string calm = run(0, false);
  CHECK(calm.starts_with("payment.captured after order.placed: 4 of 6\n"));
  for (int crash_every : {7, 11, 13}) {
    for (const bool stop : {false, true}) {
      CAPTURE(crash_every);
      CAPTURE(stop);
      CHECK(run(crash_every, stop) == calm);
    }
  }
}

TEST_CASE(
    "what is said of an incident is an event, takes effect when it is met in the log, and is answered then") {
  WatchBench bench{payment_flow};
  go_overdue(bench, 2);
  const std::string id = only(bench).id();
  const v1::Reply reply = bench.says(acknowledge(id.substr(0, 6)));
  REQUIRE(reply.error() == "");
  const auto& event = bench.bus.log.back();
  CHECK(event.topic == "reel.incident.acknowledged");
  CHECK(event.id == reply.care().event_id());
  CHECK(event.correlationid == id);
  v1::IncidentCare said;
  REQUIRE(said.ParseFromString(event.data));
  CHECK(said.ShortDebugString() == "incident: \"" + id + "\" by: \"ada@desk\" reason: \"on it\"");
  REQUIRE(bench.says(snooze(id, bench.bus.now + 1'000'000'000)).error() == "");
  const std::string text =
      "payment.captured after order.placed: 2 of 2, taken by ada@desk (on it), snoozed by ada@desk (on it)";
  CHECK(bench.incidents() == text);
  bench.crashes();
  bench.starts();
  bench.works();
  CHECK(bench.incidents() == text);
}

TEST_CASE("a waived flow is overdue no more, in its state, the tally and its incident") {
  WatchBench bench{payment_flow};
  go_overdue(bench, 2);
  const v1::Reply reply = bench.says(waive("order-1"));
  REQUIRE(reply.error() == "");
  CHECK(reply.care().count() == 1);
  CHECK(bench.flow("order-1").summary().state() == v1::FLOW_STATE_COMPLETED);
  CHECK(bench.flow("order-1").expectations(0).verdict() == v1::VERDICT_WAIVED);
  CHECK(bench.flow("order-1").expectations(0).missing(0) == "payment.captured");
  CHECK(bench.incidents() == "payment.captured after order.placed: 1 of 2");
  CHECK(bench.summary().overdue() == 1);
  CHECK(bench.summary().completed() == 1);
  bench.publishes("payment.captured", "order-1");
  bench.works();
  CHECK(bench.incidents() == "payment.captured after order.placed: 1 of 2");
  REQUIRE(bench.says(waive("order-2", "payment.captured")).error() == "");
  CHECK(bench.incidents() == "payment.captured after order.placed: 0 of 2, resolved");
}

TEST_CASE("a flow that is only on disk can be waived") {
  WatchBench bench{payment_flow};
  go_overdue(bench, 1);
  bench.passes(24h);
  for (int i = 0; i < 30; ++i) {
    bench.publishes("noise", "other");
    bench.works();
  }
  REQUIRE(bench.says(waive("order-1")).error() == "");
  bench.stops();
  bench.starts();
  CHECK(bench.flow("order-1").summary().state() == v1::FLOW_STATE_COMPLETED);
  CHECK(bench.incidents() == "payment.captured after order.placed: 0 of 1, resolved");
}

TEST_CASE("what makes no sense is refused with a sentence, and nothing is published") {
  WatchBench bench{payment_flow};
  go_overdue(bench, 1);
  bench.publishes("order.placed", "order-2");
  bench.works();
  const std::string id = only(bench).id();
  const std::size_t before = bench.bus.log.size();
  const auto refusal = [&](const v1::CareRequest& care) { return bench.says(care).error(); };
  CHECK(refusal({}) == "nothing is said: acknowledge, snooze or waive");
  CHECK(refusal(acknowledge("none")) == "no incident has the id 'none'");
  CHECK(refusal(acknowledge("")) == "no incident has the id ''");
  CHECK(refusal(acknowledge(id, "")) ==
        "a reason is missing: it stands in the journal for those who ask later");
  CHECK(refusal(acknowledge(id, std::string(1'001, 'x'))) ==
        "the reason has 1001 bytes, at most 1000 are kept");
  CHECK(refusal(snooze(id, 0)) == "a snooze must end in the future");
  CHECK(refusal(snooze(id, ~std::uint64_t{0})) == "a snooze lasts at most 30 days");
  CHECK(refusal(waive("order-9")) == "no flow has the correlation id 'order-9'");
  CHECK(refusal(waive(std::string(300, 'x'))) ==
        "no flow has the correlation id " + in_quotes(std::string(300, 'x')));
  CHECK(refusal(waive("order-2")) == "nothing is overdue in flow 'order-2'");
  CHECK(refusal(waive("order-1", "order.placed")) == "nothing of the kind is overdue in flow 'order-1'");
  CHECK(refusal(waive("order-1", "", "")) == "whoever says so must give a name");
  CHECK(refusal(waive("order-1", "", std::string(257, 'x'))) ==
        "the name has 257 bytes, at most 256 are kept");
  v1::CareRequest many = waive("order-1");
  for (int i = 0; i <= waived_topics_max; ++i) many.mutable_waive()->add_missing("x");
  CHECK(refusal(many) == "a waiver names at most 100 topics");
  CHECK(bench.bus.log.size() == before);
  REQUIRE(refusal(waive("order-1")) == "");
  CHECK(refusal(acknowledge(id)) == "incident " + id + " is resolved already");
}

TEST_CASE("what the broker does not take in time is answered so, and takes effect when it does") {
  WatchBench bench{payment_flow};
  go_overdue(bench, 1);
  bench.bus.accepts = false;
  const v1::Reply reply = bench.says(acknowledge(only(bench).id()));
  CHECK(reply.error().starts_with(
      "the broker has not taken it within 2500ms; it takes effect as soon as that takes it (reel event "));
  bench.stops();
  bench.starts();
  bench.bus.accepts = true;
  bench.works();
  bench.works();
  CHECK(bench.incidents() == "payment.captured after order.placed: 1 of 1, taken by ada@desk (on it)");
}

TEST_CASE("flows that are forgotten take what is overdue in them out of their incident") {
  WatchBench bench{payment_flow};
  bench.stops();
  bench.retains(1h);
  bench.starts();
  go_overdue(bench, 2);
  CHECK(bench.incidents() == "payment.captured after order.placed: 2 of 2");
  bench.passes(2h);
  for (int i = 0; i < 50; ++i) bench.works();
  CHECK(bench.summary().flows() == 0);
  CHECK(bench.incidents() == "payment.captured after order.placed: 0 of 2, resolved");
  CHECK(bench.told_of_incidents().ends_with("reel.incident.resolved " + only(bench).id()));
}
