// Why: each cause of a missing follow-up, made by real processes, and the sentence that `reel why` prints for
// it.
#include <doctest/doctest.h>

#include <regex>

#include "mesh.h"

using namespace reel::test;

namespace {

/// What `reel why` prints, with what differs from run to run written as T (time), G (span), I (instance),
/// O (offset) and N (id).
std::string shape(std::string text) {
  for (const auto& [pattern, name] : std::vector<std::pair<std::string, std::string>>{
           {R"(\d\d:\d\d:\d\d\.\d{3})", "T"},
           {R"((overdue|been there for|hands for|has failed for|next is in|for another) [0-9.]+ ?(ms|s|m)\b)",
            "$1 G"},
           {R"([0-9.]+(ms|s) left)", "G left"},
           {R"(, instance [0-9a-z.:_-]+)", ", instance I"},
           {R"((offset|redrive|now|--from) \d+)", "$1 O"},
           {R"([0-9a-f]{8}-[0-9a-f-]{27})", "N"}}) {
    text = std::regex_replace(text, std::regex{pattern}, name);
  }
  return text;
}

std::string why(Mesh& mesh, const std::string& flow) {
  return shape(mesh.reel({"why", flow}).out);
}

/// The cause as `reel why -o json` names it; empty while there is none.
std::string cause(Mesh& mesh, const std::string& flow) {
  const auto ran = mesh.reel({"why", flow, "-o", "json"});
  if (ran.exit_code != 0) return "";
  const auto findings = json_lines(ran.out).at(0)["findings"];
  return findings.empty() ? "" : findings[0]["cause"]["cause"];
}

bool becomes(Mesh& mesh, const std::string& flow, const std::string& name) {
  return eventually([&] { return cause(mesh, flow) == name; });
}

/// Waits for the verdict on `flow`, and returns it.
nlohmann::json overdue(Mesh& mesh) {
  return mesh.events("reel.flow.overdue", 1).at(0);
}

std::string head(const std::string& state, const std::string& left) {
  return "flow-1  " + state +
         "\npayment.captured expected from payments within 500ms after order.placed: " + left + "\n";
}
const std::string late = head("overdue", "overdue G");

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  return text.replace(text.find(what), what.size(), by);
}

}  // namespace

TEST_CASE("no_subscriber: who should emit it does not subscribe") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  mesh.place("flow-1");
  const auto verdict = overdue(mesh);
  CHECK(verdict["data"]["cause"]["kind"] == "CAUSE_NO_SUBSCRIBER");
  CHECK(verdict["data"]["cause"]["sentence"] ==
        "payments, which should emit payment.captured, does not subscribe to order.placed");
  CHECK(why(mesh, "flow-1") == late +
                                   "  payments, which should emit payment.captured, does not subscribe to "
                                   "order.placed\n"
                                   "  evidence  no_subscriber: service payments, order.placed at offset O\n"
                                   "  look      reel topics\n"
                                   "            reel services\n");
}

TEST_CASE("filtered_out: its filter says no to this event") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  const auto payments = mesh.actor(
      "payments", {"--on", "order.placed", "--when", R"({"data":{"totalCents":[{"numeric":[">",100]}]}})"});
  mesh.place("flow-1");
  REQUIRE(overdue(mesh)["data"]["cause"]["kind"] == "CAUSE_FILTERED_OUT");
  CHECK(why(mesh, "flow-1") == late +
                                   "  the filter of payments leaves out this order.placed\n"
                                   "  evidence  filtered_out: service payments, order.placed at offset O\n"
                                   "  look      reel explain --offset O\n");
}

TEST_CASE("not_allowed: it was published by a service that may not") {
  Mesh mesh{replaced(Mesh::small_mesh(), "{type: test.v1.Captured}",
                     "{type: test.v1.Captured, publishers: [billing]}")};
  mesh.start_broker();
  mesh.start_tracker();
  const auto payments = mesh.actor("payments", {"--on", "order.placed", "--emit", "payment.captured"});
  mesh.place("flow-1");
  REQUIRE(overdue(mesh)["data"]["cause"]["kind"] == "CAUSE_NOT_ALLOWED");
  // What the handler emitted was refused, so its event was not acked, and is a dead letter in the end.
  const std::string dead = "  mend      reel dead redrive O --service payments\n";
  REQUIRE(eventually([&] { return why(mesh, "flow-1").find(dead) != std::string::npos; }));
  CHECK(why(mesh, "flow-1") ==
        late +
            "  payments tried to publish payment.captured and was refused: 'payments' may not publish "
            "payment.captured: its publishers are billing\n"
            "  evidence  not_allowed: service payments, since T, payment.captured N\n" +
            dead + "  look      reel event --offset O\n");
}

TEST_CASE("paused: the service is paused, by whom, and its event waits") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  const auto payments = mesh.actor("payments", {"--on", "order.placed", "--emit", "payment.captured"});
  REQUIRE(mesh.reel({"pause", "payments", "--by", "ada"}).exit_code == 0);
  mesh.place("flow-1");
  REQUIRE(overdue(mesh)["data"]["cause"]["kind"] == "CAUSE_PAUSED");
  CHECK(why(mesh, "flow-1") ==
        late +
            "  payments is paused by ada until somebody resumes it, and order.placed waits for it\n"
            "  evidence  paused: service payments, order.placed at offset O\n"
            "  mend      reel resume payments\n");
  REQUIRE(mesh.reel({"resume", "payments"}).exit_code == 0);
  CHECK(eventually([&] { return why(mesh, "flow-1") == "flow-1  completed\nnothing is awaited\n"; }));
}

TEST_CASE("service_offline: no instance is there") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  CHECK(mesh.actor("payments", {"--on", "order.placed"})->stop() == 0);
  mesh.place("flow-1");
  REQUIRE(overdue(mesh)["data"]["cause"]["kind"] == "CAUSE_SERVICE_OFFLINE");
  CHECK(why(mesh, "flow-1") ==
        late +
            "  no instance of payments has been there for G, and order.placed waits for it\n"
            "  evidence  service_offline: service payments, since T, order.placed at offset O\n"
            "  look      reel services\n");
}

TEST_CASE("in_handler: since when, and which instance") {
  Mesh mesh{replaced(Mesh::small_mesh(), "ack_timeout: 2s", "ack_timeout: 1h")};
  mesh.start_broker();
  mesh.start_tracker();
  const auto payments = mesh.actor("payments", {"--on", "order.placed", "--hang-on", "flow-1"});
  mesh.place("flow-1");
  REQUIRE(overdue(mesh)["data"]["cause"]["kind"] == "CAUSE_IN_HANDLER");
  CHECK(why(mesh, "flow-1") ==
        late +
            "  payments has had order.placed in its hands for G without an answer\n"
            "  evidence  in_handler: service payments, instance I, since T, order.placed at offset O\n"
            "  look      reel event --offset O\n");
}

TEST_CASE("backlog: so many events stand before it") {
  Mesh mesh{replaced(Mesh::small_mesh(), "ack_timeout: 2s", "ack_timeout: 1h, max_in_flight: 1")};
  mesh.start_broker();
  mesh.start_tracker();
  const auto payments = mesh.actor("payments", {"--on", "order.placed", "--hang-on", "flow-0"});
  mesh.place("flow-0");
  mesh.place("flow-1");
  REQUIRE(becomes(mesh, "flow-1", "backlog"));
  REQUIRE(eventually([&] { return why(mesh, "flow-1").find("overdue G") != std::string::npos; }));
  CHECK(why(mesh, "flow-1") == late +
                                   "  order.placed is one of 2 events that wait for payments\n"
                                   "  evidence  backlog: service payments, order.placed at offset O\n"
                                   "  look      reel services\n");
}

TEST_CASE("retrying: which attempt of how many, and the error") {
  Mesh mesh{replaced(Mesh::small_mesh(), "attempts: 3, backoff: [10ms, 20ms]",
                     "attempts: 3, backoff: [10ms, 10m]")};
  mesh.start_broker();
  mesh.start_tracker();
  const auto payments = mesh.actor("payments", {"--on", "order.placed", "--fail-attempts", "9"});
  mesh.place("flow-1");
  REQUIRE(overdue(mesh)["data"]["cause"]["kind"] == "CAUSE_RETRYING");
  CHECK(why(mesh, "flow-1") ==
        late +
            "  payments failed at order.placed in attempt 2 of 3 (card reader broken), the next is in G\n"
            "  evidence  retrying: service payments, order.placed at offset O\n"
            "  mend      reel retries now O --service payments\n");
}

TEST_CASE("dead_lettered: the attempts are used up") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  const auto payments = mesh.actor("payments", {"--on", "order.placed", "--fail-attempts", "9"});
  mesh.place("flow-1");
  REQUIRE(overdue(mesh)["data"]["cause"]["kind"] == "CAUSE_DEAD_LETTERED");
  CHECK(why(mesh, "flow-1") ==
        late +
            "  order.placed is a dead letter of payments after 3 attempts: card reader broken\n"
            "  evidence  dead_lettered: service payments, since T, order.placed at offset O\n"
            "  mend      reel dead redrive O --service payments\n");
}

TEST_CASE("handled_but_silent: it was handled, and nothing was emitted") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  const auto payments = mesh.actor("payments", {"--on", "order.placed"});
  mesh.place("flow-1");
  REQUIRE(overdue(mesh)["data"]["cause"]["kind"] == "CAUSE_HANDLED_BUT_SILENT");
  CHECK(why(mesh, "flow-1") ==
        late +
            "  payments handled order.placed and did not emit payment.captured\n"
            "  evidence  handled_but_silent: service payments, order.placed at offset O\n"
            "  mend      reel replay --to payments --flow flow-1\n"
            "  look      reel event --offset O\n");
}

TEST_CASE("refused: it was published, and its payload is not what the topic carries") {
  Mesh mesh{replaced(Mesh::small_mesh(), "{type: test.v1.Captured}", "{type: test.v1.Tick}")};
  mesh.start_broker();
  mesh.start_tracker();
  const auto payments = mesh.actor("payments", {"--on", "order.placed", "--emit", "payment.captured"});
  mesh.place("flow-1");
  REQUIRE(overdue(mesh)["data"]["cause"]["kind"] == "CAUSE_REFUSED");
  const std::string dead = "  mend      reel dead redrive O --service payments\n";
  REQUIRE(eventually([&] { return why(mesh, "flow-1").find(dead) != std::string::npos; }));
  CHECK(why(mesh, "flow-1") ==
        late +
            "  payments published payment.captured and was refused: topic payment.captured carries "
            "test.v1.Tick, not test.v1.Captured\n"
            "  evidence  refused: service payments, since T, payment.captured N\n" +
            dead + "  look      reel event --offset O\n");
}

TEST_CASE("other_correlation: an event of the flow caused it, and it bears another id") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  const auto payments = mesh.actor("payments", {"--on", "order.placed"});
  REQUIRE(mesh.reel({"pub", "order.placed", "{}", "--correlation", "flow-1", "--id", "placed-1"}).exit_code ==
          0);
  REQUIRE(mesh.reel({"pub", "payment.captured", "{}", "--correlation", "stray", "--causation", "placed-1",
                     "--id", "captured-1", "--source", "payments"})
              .exit_code == 0);
  REQUIRE(overdue(mesh)["data"]["cause"]["kind"] == "CAUSE_OTHER_CORRELATION");
  CHECK(why(mesh, "flow-1") ==
        late +
            "  payment.captured came under the correlation id 'stray', though an event of this flow caused "
            "it: payments does not keep the flow together\n"
            "  evidence  other_correlation: service payments, payment.captured at offset O\n"
            "  look      reel flow stray\n");
  const auto orphans = mesh.rows({"orphans"});
  REQUIRE(orphans.size() == 1);
  CHECK(orphans[0]["id"] == "captured-1");
  CHECK(orphans[0]["lost"] == "flow");
  CHECK(orphans[0]["likely_flow"] == "flow-1");
  CHECK(orphans[0]["likely_by"] == "cause");
}

TEST_CASE("other_correlation: one of no flow bears the same business key") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  const auto payments = mesh.actor("payments", {"--on", "order.placed"});
  REQUIRE(mesh.reel({"pub", "order.placed", "{}", "--correlation", "flow-1", "--key", "order-7"}).exit_code ==
          0);
  REQUIRE(mesh.reel({"pub", "payment.captured", "{}", "--correlation", "orphan", "--key", "order-7",
                     "--source", "payments/9"})
              .exit_code == 0);
  REQUIRE(overdue(mesh)["data"]["cause"]["kind"] == "CAUSE_OTHER_CORRELATION");
  CHECK(why(mesh, "flow-1") ==
        late +
            "  payment.captured came under the correlation id 'orphan', with the same key 'order-7': "
            "payments does not keep the flow together\n"
            "  evidence  other_correlation: service payments, payment.captured at offset O\n"
            "  look      reel flow orphan\n");
  CHECK(mesh.rows({"orphans"}).at(0)["likely_by"] == "key");
}

TEST_CASE("before the deadline it says what is awaited, until when, and what it waits for") {
  Mesh mesh{replaced(Mesh::small_mesh(), "within: 500ms", "within: 1h")};
  mesh.start_broker();
  mesh.start_tracker();
  CHECK(mesh.actor("payments", {"--on", "order.placed"})->stop() == 0);
  mesh.place("flow-1");
  REQUIRE(becomes(mesh, "flow-1", "service_offline"));
  const auto text = why(mesh, "flow-1");
  CHECK(
      text.starts_with("flow-1  open\n"
                       "payment.captured expected from payments within 1h after order.placed: "));
  CHECK(text.find(" left\n  no instance of payments has been there for G") != std::string::npos);
  const auto unknown = mesh.reel({"why", "nobody"});
  CHECK(unknown.exit_code == 1);
  CHECK(unknown.err == "no flow has the correlation id 'nobody'\n");
}

TEST_CASE("a whole flow that is not complete in time: the step that is open is named, and what keeps it") {
  Mesh mesh{replaced(Mesh::small_mesh(), "within: 500ms", "within: 1h") +
            "    end: [order.shipped]\n    within: 500ms\n"};
  mesh.start_broker();
  mesh.start_tracker();
  CHECK(mesh.actor("payments", {"--on", "order.placed"})->stop() == 0);
  mesh.place("flow-1");
  REQUIRE(overdue(mesh)["data"]["cause"]["kind"] == "CAUSE_SERVICE_OFFLINE");
  const std::string open =
      "  payment.captured after order.placed is open: no instance of payments has been there for G, and "
      "order.placed waits for it\n"
      "  evidence  service_offline: service payments, since T, order.placed at offset O\n"
      "  look      reel services\n";
  CHECK(why(mesh, "flow-1")
            .starts_with(
                "flow-1  overdue\norder.shipped expected within 500ms of the flow's start: overdue G\n" +
                open + "payment.captured expected from payments within 1h after order.placed: "));

  // Once that has come nothing is open, and what is to follow is nobody's to emit.
  REQUIRE(mesh.reel({"pub", "payment.captured", "{}", "--correlation", "flow-1"}).exit_code == 0);
  CHECK(eventually([&] {
    return why(mesh, "flow-1") ==
           "flow-1  overdue\norder.shipped expected within 500ms of the flow's start: overdue G\n"
           "  nobody subscribes to payment.captured, which should lead to order.shipped\n"
           "  evidence  no_subscriber: payment.captured at offset O\n"
           "  look      reel topics\n"
           "            reel services\n";
  }));
}

namespace {

/// "database 1/2: connection refused" for each check of payments, as the broker has them.
std::string checks(Mesh& mesh) {
  std::string text;
  const auto service = mesh.service("payments");
  if (service.is_null()) return "no payments";
  for (const auto& check : service["checks"]) {
    text += (text.empty() ? "" : ", ") + check["check"].get<std::string>() + " " +
            std::to_string(check["failed"].get<int>()) + "/" + std::to_string(check["instances"].get<int>());
    if (!check["failing"].empty()) text += ": " + check["failing"][0]["reason"].get<std::string>();
  }
  return text;
}

}  // namespace

TEST_CASE("check_failed: the service says of itself that something is wrong, until it is well again") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  const auto database = mesh.dir() / "database";
  const auto payments = mesh.actor("payments", {"--on", "order.placed", "--check-file", database.string()});
  REQUIRE(eventually([&] { return checks(mesh) == "database 1/1: connection refused"; }));
  CHECK(mesh.reel({"status"}).out.find("failed checks   1 (reel services says which and why)\n") !=
        std::string::npos);
  mesh.place("flow-1");
  REQUIRE(overdue(mesh)["data"]["cause"]["kind"] == "CAUSE_CHECK_FAILED");
  CHECK(why(mesh, "flow-1") ==
        late +
            "  check 'database' of payments has failed for G (connection refused), and payments handled "
            "order.placed and did not emit payment.captured\n"
            "  evidence  check_failed: service payments, check database, instance I, since T, order.placed "
            "at offset O\n"
            "  mend      reel replay --to payments --flow flow-1\n"
            "  look      reel event --offset O\n"
            "            reel services\n");
  write_file(database, "up");
  CHECK(becomes(mesh, "flow-1", "handled_but_silent"));
  CHECK(checks(mesh) == "database 0/1");
}

TEST_CASE("check_failed: also of an owner that subscribes to nothing, since it may publish from outside") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  const auto database = mesh.dir() / "database";
  const auto payments = mesh.actor("payments", {"--check-file", database.string()});
  CHECK(checks(mesh) == "database 1/1: connection refused");
  mesh.place("flow-1");
  REQUIRE(overdue(mesh)["data"]["cause"]["kind"] == "CAUSE_CHECK_FAILED");
  write_file(database, "up");
  CHECK(becomes(mesh, "flow-1", "no_subscriber"));
  CHECK(payments->stop() == 0);
  CHECK(eventually([&] { return checks(mesh) == "no payments"; }));
}

TEST_CASE("a check that hangs is told, holds nothing up, and goes with its instance") {
  Mesh mesh;
  mesh.start_broker();
  const auto hangs = mesh.actor("payments", {"--on", "order.placed", "--check-hangs"});
  const auto dies = mesh.actor("payments", {"--on", "order.placed", "--check-hangs"});
  REQUIRE(eventually([&] { return checks(mesh) == "carrier 2/2: has not answered for 100ms"; }));
  mesh.place("flow-1");
  CHECK(mesh.has_acked("payments", 1));
  dies->kill();
  CHECK(eventually([&] { return checks(mesh) == "carrier 1/1: has not answered for 100ms"; }));
  CHECK(hangs->stop() == 0);
  CHECK(eventually([&] { return checks(mesh) == ""; }));
}
