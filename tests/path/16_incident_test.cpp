// Incidents: many flows overdue for one reason are told of once, and what people say of them is heard, kept
// in the journal, and not forgotten over a kill of the tracker.
#include <doctest/doctest.h>

#include <algorithm>
#include <regex>

#include "mesh.h"

using namespace reel::test;

namespace {

/// What differs from run to run made the same: ids, times, and the columns that they widen.
std::string masked(std::string text) {
  const std::pair<const char*, const char*> masks[] = {
      {R"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})", "ID"},
      {R"(\b[0-9a-f]{8}\b)", "SHORT"},
      {R"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)", "DATE"},
      {R"(\d\d:\d\d:\d\d\.\d\d\d)", "TIME"},
      {R"(\+[0-9.]+ m?s)", "GAP"},
      {R"(offset \d+)", "offset N"},
      {R"(events in [0-9.]+m?s)", "events in TOOK"},
      {R"(  +)", "  "},
  };
  for (const auto& [what, with] : masks) text = std::regex_replace(text, std::regex{what}, with);
  return text;
}

std::vector<nlohmann::json> incidents(Mesh& mesh) {
  return mesh.rows({"incidents", "--resolved"});
}

std::size_t sum(Mesh& mesh, const std::string& field) {
  std::size_t sum = 0;
  for (const auto& incident : incidents(mesh)) sum += incident[field].get<std::size_t>();
  return sum;
}

/// A bus on which payments is paused, and these flows are overdue for that.
struct Paused {
  Paused() {
    mesh.start_broker();
    mesh.start_tracker();
    payments = mesh.actor("payments", {"--on", "order.placed", "--emit", "payment.captured"});
    REQUIRE(mesh.reel({"pause", "payments", "--by", "ada"}).exit_code == 0);
  }
  void goes_overdue(int flows) {
    for (int i = 1; i <= flows; ++i) mesh.place("flow-" + std::to_string(i));
    REQUIRE(eventually([&] { return sum(mesh, "count") == static_cast<std::size_t>(flows); }));
  }
  std::string says(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--by", "ada"});
    const auto ran = mesh.reel(std::move(arguments));
    CHECK_MESSAGE(ran.exit_code == 0, ran.err);
    return masked(ran.out);
  }
  void restarts_tracker() {
    mesh.tracker().kill();
    mesh.start_tracker();
    REQUIRE(eventually([&] { return mesh.reel({"incidents"}).exit_code == 0; }));
  }

  Mesh mesh;
  std::unique_ptr<Process> payments;
};

const std::string headings =
    "INCIDENT  STATE  WHAT  AFTER  OWNER  SEVERITY  OPEN  COUNT  FIRST  LAST  CARE  CAUSE\n";
const std::string cause =
    "payments is paused by ada until somebody resumes it, and order.placed waits for it\n";

}  // namespace

TEST_CASE("flows overdue behind one paused service are one incident, until the last of them is settled") {
  Paused bus;
  Mesh& mesh = bus.mesh;
  bus.goes_overdue(3);
  CHECK(masked(mesh.reel({"incidents"}).out) ==
        headings + "SHORT  open  payment.captured missing  order.placed  payments  -  3  3  DATE  DATE  -  " +
            cause);
  const std::string id = incidents(mesh).at(0)["incident"];
  const std::string in_full =
      "ID  open  fulfilment\n"
      "payment.captured missing after order.placed: 3 of 3 flows wait\n"
      "  " +
      cause +
      "  owner  payments\n"
      "  first  DATE\n"
      "  last  DATE\n";
  const auto shown = mesh.reel({"incidents", id.substr(0, 6)});
  CHECK(masked(shown.out).starts_with(in_full + "  flows  "));
  CHECK(masked(shown.out).find("  mend  reel resume payments\n"
                               "  say  reel ack SHORT --reason TEXT\n"
                               "  reel snooze SHORT --for 2h --reason TEXT\n"
                               "  reel waive flow-") != std::string::npos);

  CHECK(bus.says({"ack", id, "--reason", "on it"}) == "incident ID is taken by ada (reel event ID)\n");
  CHECK(bus.says({"snooze", id.substr(0, 6), "--for", "2h", "--reason", "till noon"}) ==
        "incident ID is snoozed until DATE by ada (reel event ID)\n");
  CHECK(bus.says({"waive", "flow-2", "--missing", "payment.captured", "--reason", "paid in cash"}) ==
        "1 overdue in flow flow-2 is waived by ada (reel event ID)\n");
  bus.restarts_tracker();
  CHECK(masked(mesh.reel({"incidents"}).out) ==
        headings +
            "SHORT  open  payment.captured missing  order.placed  payments  -  2  3  DATE  DATE  "
            "taken by ada, snoozed until DATE  " +
            cause);
  CHECK(masked(mesh.reel({"incidents", id}).out)
            .find("  taken  by ada: on it\n"
                  "  snoozed  until DATE by ada: till noon\n") != std::string::npos);
  CHECK(masked(mesh.reel({"flow", "flow-2", "--brief"}).out) ==
        "flow-2  completed  fulfilment  2 events in TOOK, from DATE\n"
        "  TIME  order.placed  by reel\n"
        "  TIME  ├ order.archived  by reel-broker  GAP\n"
        "  waived  └ payment.captured  was expected from payments within 500ms after order.placed\n");

  REQUIRE(mesh.reel({"resume", "payments"}).exit_code == 0);
  REQUIRE(eventually([&] { return sum(mesh, "open") == 0; }));
  CHECK(mesh.reel({"incidents"}).err == "no open incidents\n");
  CHECK(masked(mesh.reel({"incidents", "--resolved"}).out) ==
        headings +
            "SHORT  resolved  payment.captured missing  order.placed  payments  -  0  3  DATE  DATE  "
            "taken by ada, snoozed until DATE  " +
            cause);
  CHECK(mesh.events("reel.incident.opened", 1).at(0)["data"]["count"] == "1");
  CHECK(mesh.events("reel.incident.resolved", 1).at(0)["data"]["count"] == "3");
  CHECK(mesh.reel({"ack", id, "--reason", "late"}).err == "incident " + id + " is resolved already\n");
}

TEST_CASE("what people say is in the journal, with who said it and why") {
  Paused bus;
  Mesh& mesh = bus.mesh;
  bus.goes_overdue(1);
  REQUIRE(bus.says({"waive", "flow-1", "--reason", "paid in cash"}) != "");
  const auto said = mesh.events("reel.flow.waived", 1).at(0);
  CHECK(said["data"] ==
        nlohmann::json::parse(R"({"correlationid": "flow-1", "by": "ada", "reason": "paid in cash"})"));
  CHECK(said["source"] == "reel-tracker");
  CHECK(eventually([&] {
    return masked(mesh.reel({"event", said["id"]}).out)
        .starts_with(
            "ID  settled  reel.flow.waived  in flow flow-1, DATE\n"
            "  TIME  accepted at offset N  by reel-tracker\n");
  }));
  CHECK(mesh.rows({"flows"}).at(0)["state"] == "completed");
}

TEST_CASE("a tracker killed amid deadlines counts each flow once") {
  Paused bus;
  Mesh& mesh = bus.mesh;
  constexpr std::size_t flows = 40;
  for (std::size_t i = 1; i <= flows; ++i) mesh.place("flow-" + std::to_string(i));
  REQUIRE(eventually([&] { return sum(mesh, "count") > 0; }));
  bus.restarts_tracker();
  REQUIRE(eventually([&] { return sum(mesh, "count") == flows; }));
  bus.restarts_tracker();
  CHECK(sum(mesh, "count") == flows);
  CHECK(sum(mesh, "open") == flows);
  REQUIRE(mesh.reel({"resume", "payments"}).exit_code == 0);
  REQUIRE(eventually([&] { return sum(mesh, "open") == 0; }));
  CHECK(sum(mesh, "count") == flows);
  for (const auto& incident : incidents(mesh)) CHECK(incident["state"] == "resolved");
  const auto opened = mesh.events("reel.incident.>", 2 * incidents(mesh).size());
  CHECK(std::count_if(opened.begin(), opened.end(), [](const auto& event) {
          return event["type"] == "reel.incident.opened";
        }) == static_cast<std::ptrdiff_t>(incidents(mesh).size()));
}

TEST_CASE("a broken rule is open until somebody acknowledges it") {
  auto yaml = Mesh::small_mesh();
  Mesh mesh{yaml + "      - {after: order.placed, never: [order.shipped], within: 1h, severity: critical}\n"};
  mesh.start_broker();
  mesh.start_tracker();
  mesh.place("flow-1");
  REQUIRE(mesh.reel({"pub", "order.shipped", R"({"orderId":"1"})", "--correlation", "flow-1"}).exit_code ==
          0);
  const auto broken = [&]() -> nlohmann::json {
    for (const auto& incident : incidents(mesh)) {
      if (incident["kind"] == "violated") return incident;
    }
    return nullptr;
  };
  REQUIRE(eventually([&] { return !broken().is_null(); }));
  const std::string id = broken()["incident"];
  CHECK(masked(mesh.reel({"incidents", id}).out) ==
        "ID  open  fulfilment\n"
        "order.shipped forbidden after order.placed: once, not acknowledged\n"
        "  it came, and must not have\n"
        "  severity  critical\n"
        "  first  DATE\n"
        "  last  DATE\n"
        "  flows  flow-1\n"
        "  say  reel ack SHORT --reason TEXT\n"
        "  reel snooze SHORT --for 2h --reason TEXT\n");
  REQUIRE(mesh.reel({"ack", id, "--reason", "known"}).exit_code == 0);
  CHECK(broken()["state"] == "resolved");
  CHECK(broken()["acknowledged"]["reason"] == "known");
}

TEST_CASE("what makes no sense is refused with a sentence") {
  Paused bus;
  Mesh& mesh = bus.mesh;
  bus.goes_overdue(1);
  const std::string id = incidents(mesh).at(0)["incident"];
  const auto refusal = [&](std::vector<std::string> arguments, int exit_code = 1) {
    const auto ran = mesh.reel(std::move(arguments));
    CHECK(ran.exit_code == exit_code);
    CHECK(ran.out == "");
    return ran.err;
  };
  CHECK(refusal({"incidents", "nothing"}) == "no incident has the id 'nothing'\n");
  CHECK(refusal({"ack", "nothing", "--reason", "x"}) == "no incident has the id 'nothing'\n");
  CHECK(refusal({"ack", id, "--reason", std::string(1'001, 'x')}) ==
        "the reason has 1001 bytes, at most 1000 are kept\n");
  CHECK(refusal({"ack", id}, 2) == "--reason is required\nsee 'reel ack --help'\n");
  CHECK(refusal({"snooze", id, "--for", "31d", "--reason", "x"}) == "a snooze lasts at most 30 days\n");
  CHECK(refusal({"snooze", id, "--for", "soon", "--reason", "x"}, 2).starts_with("--for: 'soon' is not "));
  CHECK(refusal({"waive", "flow-9", "--reason", "x"}) == "no flow has the correlation id 'flow-9'\n");
  CHECK(refusal({"waive", "flow-1", "--missing", "order.placed", "--reason", "x"}) ==
        "nothing of the kind is overdue in flow 'flow-1'\n");
  CHECK(refusal({"waive", "flow-1", "--reason", ""}) ==
        "a reason is missing: it stands in the journal for those who ask later\n");
}
