// The built `reel`, run against a bus of cardboard: what it prints and how it ends.
#include <doctest/doctest.h>

#include "fake_bus.h"
#include "reel/v1/flow.pb.h"

namespace v1 = reel::v1;

namespace {

void tell_topics(const v1::Request&, v1::Reply& tell) {
  auto& topic = *tell.mutable_topics()->add_topics();
  topic.set_topic("order.placed");
  topic.set_type("shop.v1.OrderPlaced");
  topic.set_durable(true);
  topic.set_published(1042);
  topic.set_refused(3);
  topic.add_services("payments");
  topic.add_services("inventory");
}

void tell_services(const v1::Request&, v1::Reply& tell) {
  auto& services = *tell.mutable_services();
  services.set_now(start + 12 * second);
  auto& service = *services.add_services();
  service.set_service("payments");
  service.add_patterns("order.placed");
  auto& instance = *service.add_instances();
  instance.set_instance("7c2f");
  instance.set_host("shop-1");
  instance.set_pid(4711);
  instance.set_last_beat(start);
  service.set_waiting(7);
  service.set_dead(1);
  service.set_acked(1000);
  service.set_oldest_unsettled(start);
  service.set_drained_in(90 * second);
  service.set_in_flight(2);
  service.set_parked(3);
  service.set_paused_until(start + 600 * second);
  service.set_paused_by("ada@shop-1");
  auto& check = *service.add_checks();
  check.set_name("database");
  check.set_instances(3);
  check.set_failed(2);
  auto& failing = *check.add_failing();
  failing.set_instance("7c2f");
  failing.set_host("shop-1");
  failing.set_pid(4711);
  failing.set_since(start + 2 * second);
  failing.set_reason("connection refused");
  auto& passing = *service.add_checks();
  passing.set_name("disk");
  passing.set_instances(3);
}

void tell_dead(const v1::Request& ask, v1::Reply& tell) {
  auto& letter = *tell.mutable_dead()->add_letters();
  v1::FlowCompleted payload;
  payload.set_definition("shop");
  const std::string data = payload.SerializeAsString();
  reel::EventFields fields;
  fields.id = "event-1";
  fields.correlationid = "order-7";
  fields.data = data;
  std::string event;
  reel::append_event(event, fields);
  letter.set_service(ask.dead().service().empty() ? "payments" : ask.dead().service());
  letter.set_topic("order.placed");
  letter.set_id("event-1");
  letter.set_correlationid("order-7");
  letter.set_failed_at(start);
  letter.set_event(event);
  letter.set_source("orders/1");
  letter.set_dataschema("reel.v1.FlowCompleted");
  letter.set_recordedtime(start);
  auto& failure = *letter.mutable_failure();
  failure.set_offset(42);
  failure.set_attempt(8);
  failure.set_error_type("std::runtime_error");
  failure.set_error("bank not\nreachable");
  failure.set_first_failed_at(start);
  tell.mutable_dead()->set_total(1);
}

v1::FlowSummary summary(const std::string& id) {
  v1::FlowSummary flow;
  flow.set_correlationid(id);
  flow.set_state(v1::FLOW_STATE_OVERDUE);
  flow.add_definitions("order-fulfilment");
  flow.set_first_topic("order.placed");
  flow.set_last_topic("order.placed");
  flow.set_started_at(start);
  flow.set_last_at(start);
  flow.set_events(1);
  auto& owed = *flow.add_overdue();
  owed.set_after("order.placed");
  owed.add_expected("payment.captured");
  owed.add_missing("payment.captured");
  owed.set_owner("payments");
  owed.set_verdict(v1::VERDICT_OVERDUE);
  owed.set_armed_at(start);
  owed.set_deadline(start + 5 * second);
  owed.set_after_offset(42);
  return flow;
}

/// Two flows on two pages, and one flow with one step.
void tell_flows(const v1::Request& ask, v1::Reply& tell) {
  if (ask.has_flows()) {
    const bool second_page = ask.flows().after() == "page-2";
    *tell.mutable_flows()->add_flows() = summary(second_page ? "order-6" : "order-7");
    tell.mutable_flows()->set_watermark(start + 17 * second);
    if (!second_page) tell.mutable_flows()->set_next("page-2");
  } else if (ask.flow().correlationid() == "order-7") {
    auto& flow = *tell.mutable_flow();
    *flow.mutable_summary() = summary("order-7");
    *flow.add_expectations() = flow.summary().overdue(0);
    flow.set_watermark(start + 17 * second);
    auto& step = *flow.add_steps();
    step.set_offset(42);
    step.set_recordedtime(start);
    step.set_id("event-1");
    step.set_topic("order.placed");
    step.set_source("orders/1");
    step.set_time(start);
  } else {
    tell.mutable_flow();
  }
}

}  // namespace

TEST_CASE("reel alone shows what there is, and a slip of the pen is answered with what was meant") {
  CHECK(run_reel_command({}).code == 0);
  CHECK(run_reel_command({}).out.find("Look:\n  flows") != std::string::npos);
  const Ran ran = run_reel_command({"fluws"});
  CHECK(ran.code == 2);
  CHECK(ran.err == "unknown command 'fluws' (did you mean 'flows'?)\nsee 'reel --help'\n");
  CHECK(run_reel_command({"flow"}).err == "id is required\nsee 'reel flow --help'\n");
  CHECK(run_reel_command({"flow"}).code == 2);
  CHECK(run_reel_command({"--version"}).out == "reel 0.1.0\n");
}

TEST_CASE("who is not there is named, with what to try") {
  const Ran ran = run_reel_command({"topics", "--broker", "ipc:///nonexistent/broker", "--timeout", "100ms"});
  CHECK(ran.code == 3);
  CHECK(ran.out == "");
  CHECK(ran.err == "no broker answers at ipc:///nonexistent/broker within 100ms (is reel up running?)\n");
  CHECK(
      run_reel_command({"flow", "x", "--tracker", "ipc:///nonexistent/tracker", "--timeout", "100ms"}).err ==
      "no tracker answers at ipc:///nonexistent/tracker within 100ms (is reel up running?)\n");
  CHECK(run_reel_command({"sub", ">", "--broker", "ipc:///nonexistent/broker", "--timeout", "100ms"}).code ==
        3);
}

TEST_CASE("an answerer's own sentence is passed on") {
  FakeBus bus;
  bus.answers(
      [](const v1::Request&, v1::Reply& tell) { tell.set_error("the tracker is still reading\x1b[2J"); });
  const Ran ran = bus.reel({"flows"});
  CHECK(ran.code == 1);
  CHECK(ran.err == "the tracker is still reading\\x1b[2J\n");
}

TEST_CASE("orphans are listed with what they lost and where they likely belong") {
  FakeBus bus;
  bus.answers([](const v1::Request& asked, v1::Reply& tell) {
    CHECK(asked.has_orphans());
    auto& reply = *tell.mutable_orphans();
    auto& orphan = *reply.add_orphans();
    orphan.set_offset(42);
    orphan.set_recordedtime(1'772'359'331'004'000'000);
    orphan.set_id("e-42");
    orphan.set_topic("invoice.issued");
    orphan.set_source("invoicing/1");
    orphan.set_correlationid("lost");
    orphan.set_partitionkey("cart-1");
    orphan.set_lost(v1::OrphansReply::LOST_FLOW);
    orphan.set_likely_flow("order-7");
    orphan.set_likely_by(v1::OrphansReply::LIKENESS_KEY);
    reply.set_count(1);
  });
  CHECK(bus.reel({"orphans"}).out ==
        "OFFSET  TIME          TOPIC           BY         CORRELATION ID  LOST  LIKELY OF\n"
        "    42  10:02:11.004  invoice.issued  invoicing  lost            flow  order-7 by key\n");
  CHECK(bus.reel({"orphans", "-o", "json"}).out ==
        R"({"reeloffset":42,"recordedtime":"2026-03-01T10:02:11.004Z","id":"e-42","type":"invoice.issued",)"
        R"("source":"invoicing/1","correlationid":"lost","lost":"flow","partitionkey":"cart-1",)"
        R"("likely_flow":"order-7","likely_by":"key"})"
        "\n");
  FakeBus none;
  none.answers([](const v1::Request&, v1::Reply& tell) { tell.mutable_orphans(); });
  CHECK(none.reel({"orphans"}).err ==
        "every event since the tracker started has a flow, and its cause there\n");
}

TEST_CASE("topics are listed with their types and takers") {
  FakeBus bus;
  bus.answers(tell_topics);
  CHECK(bus.reel({"topics"}).out ==
        "TOPIC         TYPE                 KEPT     PUBLISHED  UNROUTED  REFUSED  SERVICES\n"
        "order.placed  shop.v1.OrderPlaced  journal       1042         0        3  payments, inventory\n");
  CHECK(
      bus.reel({"topics", "-o", "json"}).out ==
      R"({"topic":"order.placed","type":"shop.v1.OrderPlaced","durable":true,"published":1042,"unrouted":0,)"
      R"("refused":3,"services":["payments","inventory"]})"
      "\n");
  const Ran unrouted = bus.reel({"topics", "--unrouted"});
  CHECK(unrouted.out == "");
  CHECK(unrouted.err == "every event since the broker started was for some service\n");
}

TEST_CASE("services are listed with what waits for them") {
  FakeBus bus;
  bus.answers(tell_services);
  CHECK(bus.reel({"services"}).out ==
        "SERVICE   INSTANCES  WAITING  IN FLIGHT  OLDEST  DRAINED IN  RETRYING  PARKED  DEAD  EXPIRED  ACKED "
        " NACKED  "
        "PAUSED                                   FAILED CHECKS  PATTERNS\n"
        "payments          1        7          2     12s      1m 30s         0       3     1        0   1000 "
        "      0  "
        "until 2026-03-01 10:12:11 by ada@shop-1  database 2/3   order.placed\n"
        "payments: check 'database' has failed for 10s on 2 of 3 instances, longest on shop-1 (pid 4711): "
        "connection refused\n");
  CHECK(
      bus.reel({"services", "-o", "json"}).out ==
      R"({"service":"payments","patterns":["order.placed"],"instances":[{"instance":"7c2f","host":"shop-1",)"
      R"("pid":4711,"last_beat":"2026-03-01T10:02:11Z","in_flight":0}],"waiting":7,"behind":false,)"
      R"("next_offset":0,"retrying":0,"dead":1,"acked":1000,"nacked":0,)"
      R"("in_flight":2,"parked":3,"expired":0,"checks":[{"check":"database","instances":3,"failed":2,)"
      R"("failing":[{"instance":"7c2f","host":"shop-1","pid":4711,"since":"2026-03-01T10:02:13Z",)"
      R"("reason":"connection refused"}]},{"check":"disk","instances":3,"failed":0,"failing":[]}],)"
      R"("oldest_unsettled":"2026-03-01T10:02:11Z",)"
      R"("oldest_unsettled_seconds":12.0,"drained_in_seconds":90.0,"paused_until":"2026-03-01T10:12:11Z","paused_by":"ada@shop-1"})"
      "\n");
}

TEST_CASE("dead letters are listed with their errors and payloads") {
  FakeBus bus;
  bus.answers(tell_dead);
  CHECK(bus.reel({"dead", "--service", "payments"}).out ==
        "SERVICE   OFFSET  TOPIC         FLOW     ATTEMPTS  FAILED               "
        "ERROR                                    DATA\n"
        "payments      42  order.placed  order-7         8  2026-03-01 10:02:11  "
        "std::runtime_error: bank not\\nreachable  {\"definition\":\"shop\"}\n");
  CHECK(
      bus.reel({"dead", "-o", "json"}).out ==
      R"({"service":"payments","reeloffset":42,"type":"order.placed","id":"event-1","correlationid":"order-7",)"
      R"("attempts":8,"error_type":"std::runtime_error","error":"bank not\nreachable",)"
      R"("first_failed_at":"2026-03-01T10:02:11Z","failed_at":"2026-03-01T10:02:11Z",)"
      R"("event":{"specversion":"1.0","id":"event-1","source":"orders/1","type":"order.placed",)"
      R"("dataschema":"reel.v1.FlowCompleted","correlationid":"order-7","reeloffset":42,)"
      R"("recordedtime":"2026-03-01T10:02:11Z","data":{"definition":"shop"}}})"
      "\n");
}

TEST_CASE("flows are listed page by page, up to the limit") {
  FakeBus bus;
  bus.answers(tell_flows);
  const std::string heading =
      "FLOW     STATE    DEFINITION        EVENTS  STARTED              LAST EVENT    OWED\n";
  const std::string newest =
      "order-7  overdue  order-fulfilment       1  2026-03-01 10:02:11  order.placed  payment.captured from "
      "payments, "
      "12s late\n";
  const std::string older =
      "order-6  overdue  order-fulfilment       1  2026-03-01 10:02:11  order.placed  payment.captured from "
      "payments, "
      "12s late\n";
  CHECK(bus.reel({"flows"}).out == heading + newest + older);
  const Ran limited = bus.reel({"flows", "--limit", "1", "--state", "overdue,open"});
  CHECK(limited.out == heading + newest);
  CHECK(limited.err == "there are more; these are the newest 1 (see --limit)\n");
  CHECK(bus.reel({"flows", "--state", "opn"}).code == 2);
}

TEST_CASE("a flow is shown as a tree, and as one JSON object") {
  FakeBus bus;
  bus.answers(tell_flows);
  CHECK(bus.reel({"flow", "order-7"}).out ==
        "order-7  overdue  order-fulfilment  1 event since 2026-03-01 10:02:11\n"
        "  0 of 1 done, 1 overdue, owed by payments\n"
        "  10:02:11.000  order.placed        by orders\n"
        "  OVERDUE 12s   └ payment.captured  expected from payments within 5s after order.placed\n");
  const std::string owed =
      R"({"verdict":"overdue","definition":"","after":"order.placed","expected":["payment.captured"],)"
      R"("any_of":false,"missing":["payment.captured"],"owner":"payments","armed_at":"2026-03-01T10:02:11Z",)"
      R"("deadline":"2026-03-01T10:02:16Z","late_ms":12000})";
  CHECK(
      bus.reel({"flow", "order-7", "-o", "json"}).out ==
      R"({"correlationid":"order-7","state":"overdue","definitions":["order-fulfilment"],"events":1,)"
      R"("first_topic":"order.placed","last_topic":"order.placed","started_at":"2026-03-01T10:02:11Z",)"
      R"("last_at":"2026-03-01T10:02:11Z","overdue":[)" +
          owed +
          R"(],"ends":[],"watermark":"2026-03-01T10:02:28Z","steps":[{"reeloffset":42,)"
          R"("recordedtime":"2026-03-01T10:02:11Z","id":"event-1","type":"order.placed","source":"orders/1",)"
          R"("time":"2026-03-01T10:02:11Z"}],"expectations":[)" +
          owed + "]}\n");
}

TEST_CASE("a flow nobody knows is a no, not an empty tree") {
  FakeBus bus;
  bus.answers(tell_flows);
  const Ran ran = bus.reel({"flow", "order-8"});
  CHECK(ran.code == 1);
  CHECK(ran.out == "");
  CHECK(ran.err == "no flow 'order-8' is known to the tracker\n");
}

TEST_CASE("a published event is answered with its place, its takers and its flow") {
  FakeBus bus;
  const Ran ran = bus.reel({"pub", "order.placed", R"({"definition":"shop"})", "--correlation", "order-7"});
  CHECK(ran.err == "");
  CHECK(ran.out == "accepted offset 42, matched 2 services, flow order-7\n");
  CHECK(ran.code == 0);
  CHECK(bus.reel({"pub", "order.placed", "-", "--correlation", "order-8"}, R"({"definition":"web"})").code ==
        0);
  CHECK(bus.reel({"pub", "order.placed", "{}", "--correlation", "order-9", "--id", "event-9", "-o", "json"})
            .out ==
        R"({"outcome":"accepted","reeloffset":42,"matched":2,"id":"event-9","correlationid":"order-9"})"
        "\n");
  CHECK(bus.published() == "order.placed order-7 shop\norder.placed order-8 web\norder.placed order-9 \n");
}

TEST_CASE("what cannot be published is answered with one sentence, and nothing is published") {
  struct Case {
    const char* name;
    std::vector<std::string> arguments;
    std::string sentence;
  };
  const Case cases[] = {
      {"unknown topic", {"order.plcaed", "{}"}, "unknown topic 'order.plcaed', did you mean 'order.placed'?"},
      {"wildcard", {"order.*", "{}"}, "topic 'order.*': wildcard '*' at position 7"},
      {"system topic",
       {"reel.flow.overdue", "{}"},
       "topic 'reel.flow.overdue' is the system's own: it alone publishes there"},
      {"empty token", {"order..placed", "{}"}, "topic 'order..placed': empty token at position 7"},
      {"bad JSON",
       {"order.placed", "{\n  \"definition\": }"},
       "bad JSON at line 2, column 17: unexpected '}'; expected '[', '{', or a literal"},
      {"unknown field",
       {"order.placed", R"({"definitoin":"x"})"},
       "data: unknown field 'definitoin' of reel.v1.FlowCompleted, did you mean 'definition'?"},
      {"wrong value",
       {"order.placed", R"({"definition":7})"},
       "data.definition: expected a string, got the number 7"},
      {"empty correlation id", {"order.placed", "{}", "--correlation", ""}, "correlation id is empty"},
      {"long correlation id",
       {"order.placed", "{}", "--correlation", std::string(10'000, 'x')},
       "correlation id is 10000 bytes long, at most 256 are allowed"},
      {"oversized payload",
       {"order.placed", R"({"definition":")" + std::string(100'000, 'x') + "\"}", "--correlation", "order-7",
        "--id", "event-7"},
       "the event is 100035 bytes long, at most 65536 are allowed"},
      {"no such file",
       {"order.placed", "@/nonexistent"},
       "cannot read '/nonexistent': No such file or directory"},
  };
  FakeBus bus;
  for (const Case& each : cases) {
    CAPTURE(each.name);
    std::vector<std::string> arguments{"pub"};
    arguments.insert(arguments.end(), each.arguments.begin(), each.arguments.end());
    const Ran ran = bus.reel(arguments);
    CHECK(ran.code == 1);
    CHECK(ran.out == "");
    CHECK(ran.err == each.sentence + "\n");
  }
  CHECK(bus.published() == "");
}

TEST_CASE("in JSON a refusal is an object on stdout, besides the sentence on stderr") {
  FakeBus bus;
  const Ran topic = bus.reel({"pub", "order.plcaed", "{}", "-o", "json"});
  CHECK(topic.out == R"({"outcome":"rejected","reason":"unknown_topic",)"
                     R"("text":"unknown topic 'order.plcaed', did you mean 'order.placed'?"})"
                     "\n");
  CHECK(topic.err == "unknown topic 'order.plcaed', did you mean 'order.placed'?\n");
  CHECK(topic.code == 1);
  CHECK(bus.reel({"pub", "order.placed", "{}", "--correlation", "", "-o", "json"}).out ==
        R"({"outcome":"rejected","reason":"bad_correlation_id","text":"correlation id is empty"})"
        "\n");
  const Ran lines =
      bus.reel({"pub", "--lines", "-o", "json"}, "{\"type\":\"order.placed\"}\n{\"type\":\"order.*\"}\n");
  CHECK(
      lines.out ==
      R"({"line":2,"outcome":"rejected","reason":"bad_topic","text":"topic 'order.*': wildcard '*' at position 7"})"
      "\n"
      R"({"accepted":1,"duplicate":0,"refused":1,"unsent":0,"unconfirmed":0})"
      "\n");
  CHECK(lines.code == 1);
  const Ran check = run_reel_command({"check", "/nonexistent", "-o", "json"});
  CHECK(check.out.starts_with(R"({"file":"/nonexistent","valid":false,"text":")"));
  CHECK(check.err != "");
  CHECK(check.code == 1);
}

TEST_CASE("lines are published one by one, and a bad one does not stop the others") {
  FakeBus bus;
  const Ran ran =
      bus.reel({"pub", "--lines"},
               "{\"type\":\"order.placed\",\"correlationid\":\"order-1\",\"data\":{\"definition\":\"a\"}}\n"
               "not json\n"
               "\n"
               "{\"type\":\"order.plcaed\",\"data\":{}}\n"
               "{\"specversion\":\"1.0\",\"type\":\"order.placed\",\"correlationid\":\"order-2\"}");
  CHECK(ran.code == 1);
  CHECK(ran.out.substr(0, ran.out.find(" in ")) == "2 accepted, 2 refused");
  CHECK(ran.err ==
        "line 2: bad JSON at column 2: invalid literal\n"
        "line 4: unknown topic 'order.plcaed', did you mean 'order.placed'?\n");
  CHECK(bus.published() == "order.placed order-1 a\norder.placed order-2 \n");
  CHECK(bus.reel({"pub", "--lines", "-o", "json"}, "{\"type\":\"order.placed\"}\n").out ==
        R"({"accepted":1,"duplicate":0,"refused":0,"unsent":0,"unconfirmed":0})"
        "\n");
}

TEST_CASE("events are printed one a line, and the command ends after the asked number") {
  FakeBus bus;
  bus.delivers("order.placed", "order-7", "shop");
  bus.delivers("order.placed", "order\x1b[2J", "web");
  bus.delivers("order.placed", "order-9", "too many");
  const Ran ran = bus.reel({"sub", "order.>", "--from", "start", "--count", "2"});
  CHECK(ran.err == "");
  CHECK(ran.out ==
        "10:02:11.000  order.placed  order-7  orders/1  {\"definition\":\"shop\"}\n"
        "10:02:11.000  order.placed  order\\x1b[2J  orders/1  {\"definition\":\"web\"}\n");
  CHECK(ran.code == 0);
  CHECK(bus.reel({"sub", "order.placed", "--count", "1", "-o", "json"}).out ==
        R"({"specversion":"1.0","id":"event-1","source":"orders/1","type":"order.placed",)"
        R"("time":"2026-03-01T10:02:11Z","dataschema":"reel.v1.FlowCompleted","correlationid":"order-7",)"
        R"("reeloffset":1,"recordedtime":"2026-03-01T10:02:11Z","data":{"definition":"shop"}})"
        "\n");
}

TEST_CASE("a subscription that makes no sense is not tried") {
  CHECK(run_reel_command({"sub", "a..b"}).err == "'a..b' is not a pattern: empty token at position 3\n");
  CHECK(run_reel_command({"sub", "a..b"}).code == 1);
  CHECK(run_reel_command({"sub", "a", "--from", "yesterday"}).err ==
        "--from 'yesterday' is not new, start, last, last-per-topic, an offset, a time "
        "(2026-03-01T10:00:00Z) or "
        "how long ago (10m)\n");
  CHECK(run_reel_command({"sub", "a", "--live", "--from", "start"}).code == 2);
}

TEST_CASE("a subscription to one topic is refused where nothing would ever come") {
  FakeBus bus;
  const Ran live_only = bus.reel({"sub", "price.tick"});
  CHECK(live_only.err == "price.tick is live only: use --live\n");
  CHECK(live_only.code == 1);
  const Ran unknown = bus.reel({"sub", "order.>", "order.plcaed"});
  CHECK(unknown.err == "unknown topic 'order.plcaed', did you mean 'order.placed'?\n");
  CHECK(unknown.code == 1);
  CHECK(bus.reel({"sub", "order.plcaed", "--live"}).err == unknown.err);
}

TEST_CASE("an endpoint that is none is a usage error") {
  const Ran empty = run_reel_command({"topics", "--broker", ""});
  CHECK(empty.err ==
        "--broker: must name an endpoint, as in tcp://127.0.0.1:5555\nsee 'reel topics --help'\n");
  CHECK(empty.code == 2);
  const Ran malformed = run_reel_command({"flows", "--tracker", "tcp://127.0.0.1"});
  CHECK(malformed.err ==
        "--tracker: 'tcp://127.0.0.1' is not an endpoint: it must end in a port, as in "
        "tcp://127.0.0.1:5555\nsee 'reel flows --help'\n");
  CHECK(malformed.code == 2);
}

TEST_CASE("the broker's status says what it refused and why it cannot write") {
  FakeBus bus;
  bus.answers([](const v1::Request&, v1::Reply& tell) {
    auto& status = *tell.mutable_status();
    status.set_version("0.1.0");
    status.set_started_at(start);
    status.set_now(start + 90 * second);
    status.set_begin_offset(1);
    status.set_end_offset(1043);
    status.set_sessions(7);
    status.set_services(3);
    status.set_journal_queue_bytes(3 << 20);
    status.set_memory_bytes(45 << 20);
    status.set_journal_error("cannot write d/1.journal: No space left on device");
    status.set_journal_failing_since(start + 60 * second);
    (*status.mutable_refused())["REFUSAL_JOURNAL_UNAVAILABLE"] = 12;
    (*status.mutable_refused())["REFUSAL_UNKNOWN_TOPIC"] = 2;
    (*status.mutable_refused())["REFUSED_NO_SESSION"] = 4;
    status.set_stale_settles(5);
    status.set_failed_checks(2);
    status.set_checks_cut(1);
    status.set_chosen_ids_forgotten_early(9);
  });
  CHECK(bus.reel({"status"}).out ==
        "broker          0.1.0, running for 1m 30s\n"
        "journal         cannot be written for 30s: cannot write d/1.journal: No space left on device\n"
        "offsets         1 to 1043\n"
        "queued          3.0 MiB\n"
        "memory          45.0 MiB\n"
        "sessions        7\n"
        "services        3\n"
        "failed checks   2 (reel services says which and why)\n"
        "refused events  journal_unavailable 12, unknown_topic 2\n"
        "refused frames  no_session 4\n"
        "stale settles   5\n"
        "checks cut      1 (too many, too long or twice)\n"
        "ids forgotten   9 before their dedup_window had passed: there are more than dedup_ids_max\n");
  CHECK(
      bus.reel({"status", "-o", "json"}).out ==
      R"({"version":"0.1.0","started_at":"2026-03-01T10:02:11Z","now":"2026-03-01T10:03:41Z",)"
      R"("begin_offset":1,"end_offset":1043,"sessions":7,"services":3,"journal_queue_bytes":3145728,)"
      R"("memory_bytes":47185920,"delayed":0,"refused_events":{"journal_unavailable":12,"unknown_topic":2},)"
      R"("refused_frames":{"no_session":4},"stale_settles":5,"failed_checks":2,"checks_cut":1,)"
      R"("chosen_ids_forgotten_early":9,)"
      R"("journal_error":"cannot write d/1.journal: No space left on device",)"
      R"("journal_failing_since":"2026-03-01T10:03:11Z"})"
      "\n");
}

TEST_CASE("the completion scripts know every command and option") {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    CAPTURE(shell);
    const Ran ran = run_reel_command({"completion", shell});
    CHECK(ran.code == 0);
    CHECK(ran.out.find("services") != std::string::npos);
    CHECK(ran.out.find("correlation") != std::string::npos);
    CHECK(ran.out.find("open overdue completed untracked") != std::string::npos);  // of --state
    CHECK(ran.out.find("bash zsh fish") != std::string::npos);
  }
  const std::string bash = run_reel_command({"completion", "bash"}).out;
  CHECK(bash.find("    --output) choices=\"text json mermaid dot otlp\" ;;\n") != std::string::npos);
  const auto topics = bash.substr(bash.find("      topics) "));
  CHECK(
      topics.substr(0, topics.find('\n')) ==
      "      topics) choices=\"--unrouted --help -h --version --output -o --broker --tracker --timeout\" ;;");
  CHECK(run_reel_command({"completion", "cmd"}).code == 2);
}
