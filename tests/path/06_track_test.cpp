// Tracking: the tree of a flow, and a verdict for each follow-up, once, on time, whatever stops meanwhile.
#include <doctest/doctest.h>

#include <ctime>
#include <regex>
#include <set>

#include "mesh.h"

using namespace reel::test;

namespace {

/// What `reel flow` prints, with times written as T, dates as D, and gaps and durations as G. Their widths
/// vary, and with them the columns, so that runs of spaces become one.
std::string shape(Mesh& mesh, const std::string& flow) {
  auto text = mesh.reel({"flow", flow, "--brief"}).out;
  for (const auto& [pattern, name] :
       std::vector<std::pair<std::string, std::string>>{{R"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)", "D"},
                                                        {R"(\d\d:\d\d:\d\d\.\d{3})", "T"},
                                                        {R"(\+[0-9.]+ ?(ns|us|µs|ms|s)\b)", "+G"},
                                                        {R"((OVERDUE|events in) [0-9.]+ ?(ms|s)\b)", "$1 G"},
                                                        {" +", " "}}) {
    text = std::regex_replace(text, std::regex{pattern}, name);
  }
  return text;
}

std::string state_of(Mesh& mesh, const std::string& flow) {
  for (const auto& row : mesh.rows({"flows"})) {
    if (row["correlationid"] == flow) return row["state"];
  }
  return "";
}

std::uint64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint64_t number(const nlohmann::json& text) {
  return std::stoull(text.get<std::string>());
}

/// "2026-03-01T10:02:11.5Z" in nanoseconds since 1970.
std::uint64_t nanoseconds(const std::string& time) {
  std::tm parts{};
  const char* rest = ::strptime(time.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  REQUIRE(rest != nullptr);
  const auto fraction = *rest == '.' ? std::stod(rest) : 0.0;
  return static_cast<std::uint64_t>(::timegm(&parts)) * 1'000'000'000u +
         static_cast<std::uint64_t>(fraction * 1e9);
}

/// Places an order whose ids are the same in every run.
void place_known(Mesh& mesh, const std::string& flow) {
  REQUIRE(mesh.reel({"pub", "order.placed", "{}", "--correlation", flow, "--id", "id-" + flow}).exit_code ==
          0);
}

std::set<std::string> ids_of(const std::vector<nlohmann::json>& events) {
  std::set<std::string> ids;
  for (const auto& event : events) ids.insert(event["id"]);
  return ids;
}

}  // namespace

TEST_CASE("definitions ask what events say: conditions, comparisons, and what must not come") {
  auto yaml = Mesh::small_mesh();
  yaml.erase(yaml.find("      - {after: order.placed"));
  Mesh mesh{yaml +
            "      - {after: order.placed, when: {data: {totalCents: [{numeric: ['>=', 1000]}]}}, any_of: "
            "[payment.captured], where: {data.orderId: data.orderId}, within: 1h}\n"
            "      - {after: payment.captured, never: [order.shipped], where: {data.orderId: {'!=': "
            "data.orderId}}}\n"};
  mesh.start_broker();
  mesh.start_tracker();
  const auto publish = [&](const std::string& topic, const std::string& data) {
    REQUIRE(mesh.reel({"pub", topic, data, "--correlation", "f"}).exit_code == 0);
  };
  const auto verdicts = [&] {
    std::string text;
    const auto ran = mesh.reel({"flow", "f", "--brief", "-o", "json"});
    if (ran.exit_code != 0) return text;
    const auto flow = nlohmann::json::parse(ran.out);
    for (const auto& expectation : flow["expectations"])
      text += expectation["verdict"].get<std::string>() + " ";
    return text;
  };
  publish("order.placed", R"({"orderId": "small", "totalCents": 999})");
  publish("order.placed", R"({"orderId": "large", "totalCents": 1000})");
  publish("payment.captured", R"({"orderId": "small"})");
  REQUIRE(eventually([&] { return verdicts() == "waiting waiting "; }));
  mesh.tracker().kill();
  mesh.start_tracker();
  publish("order.shipped", R"({"orderId": "small"})");
  publish("payment.captured", R"({"orderId": "large"})");
  REQUIRE(eventually([&] { return verdicts() == "met waiting waiting "; }));
  publish("order.shipped", R"({"orderId": "large"})");
  CHECK(eventually([&] { return verdicts() == "met broken waiting "; }));
}

TEST_CASE("a flow is shown as a tree of what caused what, and is completed when nothing is awaited") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  const auto actor = mesh.actor("payments", {"--on", "order.placed", "--emit", "payment.captured"});
  mesh.place("flow-1");
  REQUIRE(eventually([&] { return state_of(mesh, "flow-1") == "completed"; }));
  CHECK(shape(mesh, "flow-1") ==
        "flow-1 completed fulfilment 3 events in G, from D\n"
        " T order.placed by reel\n"
        " T ├ order.archived by reel-broker +G\n"
        " T └ payment.captured by payments +G\n");
  CHECK(mesh.events("reel.flow.>", 1)[0]["type"] == "reel.flow.completed");
}

TEST_CASE("with no further traffic the overdue verdict comes when the deadline has passed") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  mesh.place("flow-1");
  const auto verdict = mesh.events("reel.flow.>", 1).at(0);
  CHECK(verdict["type"] == "reel.flow.overdue");
  CHECK(verdict["correlationid"] == "flow-1");
  CHECK(verdict["data"]["missing"].dump() == R"(["payment.captured"])");
  CHECK(verdict["data"]["owner"] == "payments");
  CHECK(number(verdict["data"]["deadline"]) - number(verdict["data"]["armedAt"]) == 500'000'000);
  const auto recorded = nanoseconds(verdict["recordedtime"]);
  const auto deadline = number(verdict["data"]["deadline"]);
  REQUIRE(recorded >= deadline);
  // On a calm machine within 100 ms; this one may be anything but calm.
  MESSAGE("the verdict came " << (recorded - deadline) / 1'000'000 << " ms after the deadline");
  CHECK(recorded - deadline < 1'000'000'000);
  CHECK(shape(mesh, "flow-1") ==
        "flow-1 overdue fulfilment 2 events since D\n"
        " 0 of 1 done, 1 overdue, owed by payments\n"
        " T order.placed by reel\n"
        " T ├ order.archived by reel-broker +G\n"
        " OVERDUE G └ payment.captured expected from payments within 500ms after order.placed\n");
}

TEST_CASE("what comes late resolves its verdict, and the flow is completed after all") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  mesh.place("flow-1");
  REQUIRE(mesh.events("reel.flow.overdue", 1).size() == 1);
  REQUIRE(
      mesh.reel({"pub", "payment.captured", "{}", "--correlation", "flow-1", "--id", "late-1"}).exit_code ==
      0);
  const auto verdicts = mesh.events("reel.flow.>", 3);
  CHECK(verdicts[1]["type"] == "reel.flow.resolved");
  CHECK(verdicts[1]["data"]["byId"] == "late-1");
  CHECK(verdicts[1]["data"]["deadline"] == verdicts[0]["data"]["deadline"]);
  CHECK(verdicts[2]["type"] == "reel.flow.completed");
  CHECK(verdicts[2]["data"]["metLate"] == 1);
  CHECK(eventually([&] { return state_of(mesh, "flow-1") == "completed"; }));
}

TEST_CASE("a tracker that is stopped across a deadline gives the verdicts of one that never stopped") {
  // Not their ids: offsets are part of them, and a tracker that leaves is an entry in the journal.
  const auto verdicts = [](Mesh& mesh) {
    std::set<std::string> told;
    for (const auto& verdict : mesh.events("reel.flow.overdue", 2)) {
      const auto& data = verdict["data"];
      told.insert(data["definition"].dump() + data["afterId"].dump() + data["missing"].dump());
    }
    return told;
  };
  Mesh steady;
  steady.start_broker();
  steady.start_tracker();
  place_known(steady, "flow-1");
  place_known(steady, "flow-2");

  Mesh stopped;
  stopped.start_broker();
  stopped.start_tracker();
  place_known(stopped, "flow-1");
  REQUIRE(eventually([&] { return !state_of(stopped, "flow-1").empty(); }));
  CHECK(stopped.tracker().stop() == 0);
  place_known(stopped, "flow-2");
  const auto deadline = nanoseconds(stopped.events("order.placed", 2)[1]["recordedtime"]) / 1'000'000'000 +
                        2;  // well behind it
  REQUIRE(eventually([&] { return static_cast<std::uint64_t>(std::time(nullptr)) >= deadline; }));
  stopped.start_tracker();
  CHECK(verdicts(stopped) == verdicts(steady));
  CHECK(stopped.events("reel.flow.overdue", 2)[1]["data"]["detectedLate"] == true);
}

TEST_CASE("a tracker that is killed again and again doubles no verdict and misses none") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  constexpr std::size_t flows = 400;
  mesh.place_many(flows / 2, flows);
  REQUIRE(eventually([&] { return !mesh.rows({"flows", "--limit", "1"}).empty(); }));
  mesh.tracker().kill();
  mesh.start_tracker();
  REQUIRE(mesh.events("reel.flow.overdue", 1).size() == 1);  // while verdicts come
  mesh.tracker().kill();
  mesh.place_many(flows / 2, flows, flows / 2);
  mesh.start_tracker();
  REQUIRE(mesh.events("reel.flow.overdue", flows).size() == flows);
  mesh.tracker().kill();
  mesh.start_tracker();
  mesh.place("last");

  const auto verdicts = mesh.events("reel.flow.overdue", flows + 1);
  CHECK(ids_of(verdicts).size() == flows + 1);
  CHECK(verdicts.back()["correlationid"] == "last");
  std::set<std::string> judged;
  for (const auto& verdict : verdicts) judged.insert(verdict["correlationid"]);
  CHECK(judged.size() == flows + 1);
}

TEST_CASE(
    "of a burst of deadlines that a kill falls into each has one verdict, and what was due meanwhile says "
    "so") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  constexpr std::size_t flows = 300;
  mesh.place_many(200, flows);
  REQUIRE(mesh.events("reel.flow.overdue", 1).size() == 1);  // while they come
  mesh.place_many(100, flows, 200);
  mesh.tracker().kill();
  const auto killed = now_ns();
  const auto last = nanoseconds(mesh.events("order.placed", flows).back()["recordedtime"]) + 500'000'000;
  REQUIRE(eventually([&] { return now_ns() > last + 100'000'000; }));
  const auto restarted = now_ns();
  mesh.start_tracker();

  const auto verdicts = mesh.events("reel.flow.overdue", flows);
  CHECK(ids_of(verdicts).size() == flows);
  std::set<std::string> judged;
  std::size_t meanwhile = 0;
  for (const auto& verdict : verdicts) {
    judged.insert(verdict["correlationid"]);
    const auto deadline = number(verdict["data"]["deadline"]);
    const bool detected_late = verdict["data"].value("detectedLate", false);
    if (nanoseconds(verdict["recordedtime"]) < killed) CHECK_FALSE(detected_late);
    if (deadline <= killed || deadline >= restarted) continue;
    CHECK(detected_late);
    ++meanwhile;
  }
  CHECK(judged.size() == flows);
  CHECK(meanwhile > 0);
}

TEST_CASE("on_overdue publishes an event in the flow, for whoever compensates") {
  auto yaml = Mesh::small_mesh();
  const std::string topics = "topics:\n";
  yaml.insert(yaml.find(topics) + topics.size(), "  order.attention:  {type: reel.v1.FlowOverdue}\n");
  Mesh mesh{yaml + "    on_overdue: {publish: order.attention}\n"};
  mesh.start_broker();
  mesh.start_tracker();
  const auto actor = mesh.actor("support", {"--on", "order.attention"});
  mesh.place("flow-1");
  REQUIRE(mesh.has_acked("support", 1));
  CHECK(mesh.log_lines().at(0)[2] == "flow-1");
  const auto event = mesh.events("order.attention", 1)[0];
  CHECK(event["correlationid"] == "flow-1");
  CHECK(event["causationid"] == mesh.events("order.placed", 1)[0]["id"]);
  CHECK(event["data"] == mesh.events("reel.flow.overdue", 1)[0]["data"]);
}

TEST_CASE("a second tracker is turned away, by folder or by endpoint, and the first one goes on answering") {
  Mesh mesh;
  mesh.start_broker();
  mesh.start_tracker();
  const auto same = mesh.run("reel-tracker", {"-c", mesh.config_path()});
  CHECK(same.exit_code == 1);
  CHECK(line_with(same.err, "is in use") == "is in use (is another tracker running on it?)");
  const auto other =
      mesh.run("reel-tracker", {"-c", mesh.config_path(), "--data", (mesh.dir() / "other").string()});
  CHECK(other.exit_code == 1);
  CHECK(other.err == "reel-tracker: cannot listen on " + mesh.tracker_endpoint() +
                         ": address in use (is another tracker running?)\n");
  mesh.place("flow-1");
  CHECK(eventually([&] { return mesh.rows({"flows"}).size() == 1; }));
}
