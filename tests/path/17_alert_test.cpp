// Alerts: what is overdue reaches a webhook, an Alertmanager and a program, once for each incident, over
// failures, restarts and snoozes; and that the tracker is dead reaches them too.
#include <doctest/doctest.h>
#include <httplib.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "event/rfc3339.h"
#include "mesh.h"
#include "reel/query.h"

using namespace reel::test;
using nlohmann::json;

namespace {

/// A server that keeps what is posted to it.
class Receiver {
 public:
  Receiver() {
    server_.Post(".*", [this](const httplib::Request& request, httplib::Response& response) {
      const std::lock_guard lock{mutex_};
      if (failures_left_ > 0) {
        --failures_left_;
        ++failed_;
        response.status = 500;
        response.set_content("not today", "text/plain");
        return;
      }
      const auto body = json::parse(request.body, nullptr, false);
      for (const auto& alert : body.is_array() ? body : json::array({body}))
        got_.push_back({request.path, alert});
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread{[this] { server_.listen_after_bind(); }};
    REQUIRE(eventually([this] { return server_.is_running(); }));
  }
  ~Receiver() {
    server_.stop();
    thread_.join();
  }
  [[nodiscard]] std::string url(const std::string& path = "") const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  void fail(int times) {
    const std::lock_guard lock{mutex_};
    failures_left_ = times;
  }
  [[nodiscard]] int failed() const {
    const std::lock_guard lock{mutex_};
    return failed_;
  }
  /// Those alerts, oldest first, that `wanted` says yes to.
  template <typename Wanted>
  [[nodiscard]] std::vector<json> got(const Wanted& wanted) const {
    const std::lock_guard lock{mutex_};
    std::vector<json> some;
    for (const auto& [path, alert] : got_) {
      if (wanted(alert)) some.push_back(alert);
    }
    return some;
  }
  [[nodiscard]] std::vector<json> of_alert(const std::string& name, const std::string& status) const {
    return got([&](const json& alert) { return alert["alert"] == name && alert["status"] == status; });
  }
  [[nodiscard]] std::vector<json> overdue(const std::string& status) const {
    return of_alert("ReelOverdue", status);
  }
  [[nodiscard]] std::string first_path() const {
    const std::lock_guard lock{mutex_};
    return got_.at(0).first;
  }

 private:
  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
  mutable std::mutex mutex_;
  int failures_left_ = 0;
  int failed_ = 0;
  std::vector<std::pair<std::string, json>> got_;
};

/// The small mesh, with these targets; what is not reached is tried again at once.
std::string mesh_with(const std::string& alerts) {
  std::string yaml = Mesh::small_mesh();
  yaml.insert(yaml.find("flows:\n"),
              "  alerts.ops: {retry: {backoff: [50ms], jitter: 0%}}\n"
              "  alerts.page: {retry: {backoff: [50ms], jitter: 0%}}\n");
  return yaml + "alerts: {watchdog: 1s, repeat: 1s, targets: {" + alerts + "}}\n";
}

std::string webhook(const Receiver& receiver, const std::string& more = "") {
  return "ops: {webhook: \"" + receiver.url("/reel") + "\"" + more + "}";
}

/// Starts reel-alerts and waits until `service` is subscribed by it.
std::unique_ptr<Process> start_alerts(Mesh& mesh, const std::string& service) {
  static std::atomic<int> runs{0};
  auto alerts = mesh.start("reel-alerts", {"-c", mesh.config_path(), "--log-level", "debug"},
                           "alerts" + std::to_string(++runs));
  const bool there = eventually([&] {
    const auto row = mesh.service(service);
    if (row.is_null()) return false;
    const auto& instances = row["instances"];
    return std::any_of(instances.begin(), instances.end(),
                       [&](const auto& instance) { return instance["pid"] == alerts->pid(); });
  });
  if (!there) throw std::runtime_error{"reel-alerts did not subscribe:\n" + alerts->output()};
  return alerts;
}

void capture(Mesh& mesh, const std::string& flow) {
  REQUIRE(mesh.reel({"pub", "payment.captured", "{}", "--correlation", flow}).exit_code == 0);
}

}  // namespace

TEST_CASE(
    "an edge overdue in three flows is told once, though the receiver failed, and once that it is over") {
  Receiver receiver;
  Mesh mesh{mesh_with(webhook(receiver, ", watchdog: false"))};
  mesh.start_broker();
  mesh.start_tracker();
  auto alerts = start_alerts(mesh, "alerts.ops");
  receiver.fail(2);
  for (const auto* flow : {"flow-1", "flow-2", "flow-3"}) mesh.place(flow);
  REQUIRE(mesh.events("reel.flow.overdue", 3).size() == 3);
  REQUIRE(eventually([&] { return receiver.overdue("firing").size() == 1; }));
  CHECK(receiver.failed() == 2);
  CHECK(receiver.first_path() == "/reel");
  const auto firing = receiver.overdue("firing").at(0);
  CHECK(firing["title"] == "payment.captured overdue after order.placed (fulfilment)");
  CHECK(firing["cause"]["kind"] == "no_subscriber");
  CHECK(firing["cause"]["sentence"] ==
        "payments, which should emit payment.captured, does not subscribe to order.placed");
  CHECK(firing["owner"] == "payments");

  for (const auto* flow : {"flow-1", "flow-2", "flow-3"}) capture(mesh, flow);
  REQUIRE(eventually([&] { return receiver.overdue("resolved").size() == 1; }));
  const auto resolved = receiver.overdue("resolved").at(0);
  CHECK(resolved["id"] == firing["id"]);
  CHECK(resolved["count"] == 3);
  CHECK(resolved["open"] == 0);

  // A restart tells nothing twice: what follows it is the next that is heard.
  CHECK(alerts->stop() == 0);
  alerts = start_alerts(mesh, "alerts.ops");
  mesh.place("flow-4");
  REQUIRE(eventually([&] { return receiver.overdue("firing").size() == 2; }));
  CHECK(receiver.overdue("firing").at(1)["id"] != firing["id"]);
  CHECK(receiver.overdue("resolved").size() == 1);
  CHECK(receiver.failed() == 2);
}

TEST_CASE("what happened while reel-alerts was away is told when it is back, in order") {
  Receiver receiver;
  Mesh mesh{mesh_with(webhook(receiver, ", watchdog: false"))};
  mesh.start_broker();
  mesh.start_tracker();
  start_alerts(mesh, "alerts.ops")->kill();
  mesh.place("flow-1");
  REQUIRE(mesh.events("reel.incident.opened", 1).size() == 1);
  capture(mesh, "flow-1");
  REQUIRE(mesh.events("reel.incident.resolved", 1).size() == 1);
  receiver.fail(3);  // the first of the two is tried again, and the second waits for it
  const auto alerts = start_alerts(mesh, "alerts.ops");
  REQUIRE(eventually([&] { return receiver.overdue("resolved").size() == 1; }));
  const auto all = receiver.got([](const json& alert) { return alert["alert"] == "ReelOverdue"; });
  REQUIRE(all.size() == 2);
  CHECK(all[0]["status"] == "firing");
  CHECK(all[1]["status"] == "resolved");
  CHECK(receiver.failed() == 3);
}

TEST_CASE("a program is run with the alert, and what it complained of stands in reel retries") {
  Mesh mesh{mesh_with("page: {exec: [page, --team, x]}")};
  const auto told = mesh.dir() / "told";
  const auto script = [&](const std::string& text) {
    write_file(mesh.dir() / "new", "#!/bin/sh\n" + text);
    std::filesystem::permissions(mesh.dir() / "new", std::filesystem::perms::owner_all);
    std::filesystem::rename(mesh.dir() / "new", mesh.dir() / "page");
  };
  script("echo no such team >&2; exit 3\n");
  mesh.start_broker();
  mesh.start_tracker();
  const auto alerts = start_alerts(mesh, "alerts.page");
  mesh.place("flow-1");
  std::string error;
  REQUIRE(eventually([&] {
    const auto rows = mesh.rows({"retries", "--service", "alerts.page"});
    if (!rows.empty()) error = rows[0]["error"];
    return !error.empty();
  }));
  CHECK(error == "'" + (mesh.dir() / "page").string() + "' ended with exit code 3: 'no such team'");
  script("echo \"$1 $2 $REEL_STATUS $REEL_OWNER $(cat)\" >>" + told.string() + "\n");
  REQUIRE(eventually([&] { return read_file(told).find('\n') != std::string::npos; }));
  const auto line = read_file(told);
  CHECK(line.starts_with("--team x firing payments {"));
  CHECK(json::parse(line.substr(line.find('{')))["alert"] == "ReelOverdue");
}

TEST_CASE("a tracker that is killed is missed by everybody, once, and the beat stops until it is back") {
  Receiver receiver;
  Mesh mesh{mesh_with(webhook(receiver) + ", page: {exec: [page]}")};
  write_file(mesh.dir() / "page", "#!/bin/sh\necho $REEL_ALERT $REEL_STATUS >>${0%/*}/told\n");
  std::filesystem::permissions(mesh.dir() / "page", std::filesystem::perms::owner_all);
  mesh.start_broker();
  mesh.start_tracker();
  const auto alerts = start_alerts(mesh, "alerts.ops");
  const auto beats = [&] { return receiver.of_alert("ReelWatchdog", "watchdog").size(); };
  const auto silent = [&](const char* status) { return receiver.of_alert("ReelTrackerSilent", status); };
  REQUIRE(eventually([&] { return beats() >= 2; }));
  CHECK(silent("firing").empty());

  mesh.tracker().kill();
  REQUIRE(eventually([&] { return silent("firing").size() == 1; }));
  CHECK(silent("firing")[0]["tracker"]["trouble"] == "does not answer");
  const auto told = [&] { return read_file(mesh.dir() / "told"); };
  REQUIRE(eventually([&] { return told() == "ReelTrackerSilent resolved\nReelTrackerSilent firing\n"; }));
  const auto beats_before = beats();

  mesh.start_tracker();
  REQUIRE(eventually([&] { return silent("resolved").size() == 2; }));  // the first as it started
  CHECK(silent("resolved")[1]["id"] == silent("firing")[0]["id"]);
  REQUIRE(eventually([&] { return told().ends_with("firing\nReelTrackerSilent resolved\n"); }));
  REQUIRE(eventually([&] { return beats() > beats_before; }));
  CHECK(silent("firing").size() == 1);
}

TEST_CASE("a silence that was told of before reel-alerts was restarted gets its all-clear") {
  Receiver receiver;
  Mesh mesh{mesh_with(webhook(receiver))};
  mesh.start_broker();
  mesh.start_tracker();
  auto alerts = start_alerts(mesh, "alerts.ops");
  const auto silent = [&](const char* status) { return receiver.of_alert("ReelTrackerSilent", status); };
  REQUIRE(eventually([&] { return silent("resolved").size() == 1; }));
  mesh.tracker().kill();
  REQUIRE(eventually([&] { return silent("firing").size() == 1; }));
  CHECK(alerts->stop() == 0);
  mesh.start_tracker();
  alerts = start_alerts(mesh, "alerts.ops");
  REQUIRE(eventually([&] { return silent("resolved").size() == 2; }));
  CHECK(silent("resolved")[1]["id"] == silent("firing")[0]["id"]);
}

TEST_CASE("Alertmanager is told again of what is open, and not after it is resolved") {
  Receiver receiver;
  Mesh mesh{mesh_with("am: {alertmanager: \"" + receiver.url() + "\"}")};
  mesh.start_broker();
  mesh.start_tracker();
  const auto alerts = start_alerts(mesh, "alerts.am");
  mesh.place("flow-1");
  const auto named = [&](const char* name) {
    return receiver.got([&](const json& alert) { return alert["labels"]["alertname"] == name; });
  };
  REQUIRE(eventually([&] { return named("ReelOverdue").size() >= 3; }));
  CHECK(receiver.first_path() == "/api/v2/alerts");
  const auto first = named("ReelOverdue")[0];
  CHECK(
      first["labels"].dump() ==
      R"({"after":"order.placed","alertname":"ReelOverdue","cause":"no_subscriber","definition":"fulfilment","missing":"payment.captured","owner":"payments"})");
  CHECK(first["annotations"]["flows"] == "flow-1");

  capture(mesh, "flow-1");
  const auto resolved = mesh.events("reel.incident.resolved", 1).at(0)["data"];
  const auto end = reel::rfc3339(std::stoull(resolved["resolvedAt"].get<std::string>()));
  REQUIRE(eventually([&] { return named("ReelOverdue").back()["endsAt"] == end; }));
  const auto overdue = named("ReelOverdue").size();
  CHECK(named("ReelOverdue").back()["labels"] == first["labels"]);
  const auto beats = named("ReelWatchdog").size();
  REQUIRE(eventually([&] { return named("ReelWatchdog").size() >= beats + 3; }));
  CHECK(named("ReelOverdue").size() == overdue);
}

TEST_CASE("a target hears only of what its pattern wants") {
  Receiver all;
  Receiver shipping;
  Mesh mesh{mesh_with(webhook(all) + ", ship: {webhook: \"" + shipping.url() +
                      "\", when: {data: {owner: [shipping]}}}, pay: {webhook: \"" + shipping.url() +
                      "\", when: {data: {owner: [payments], cause: {kind: [CAUSE_NO_SUBSCRIBER]}}}}")};
  mesh.start_broker();
  mesh.start_tracker();
  const auto alerts = start_alerts(mesh, "alerts.ops");
  REQUIRE(eventually(
      [&] { return !mesh.service("alerts.ship").is_null() && !mesh.service("alerts.pay").is_null(); }));
  mesh.place("flow-1");
  REQUIRE(eventually([&] { return all.overdue("firing").size() == 1; }));
  REQUIRE(mesh.has_acked("alerts.pay", 1));
  CHECK(shipping.overdue("firing").size() == 1);
  CHECK(mesh.service("alerts.ship")["acked"] == 0);
}

TEST_CASE("what is still open when its snooze is over is told once more") {
  Receiver receiver;
  Mesh mesh{mesh_with(webhook(receiver, ", watchdog: false"))};
  mesh.start_broker();
  mesh.start_tracker();
  const auto alerts = start_alerts(mesh, "alerts.ops.snoozed");
  mesh.place("flow-1");
  REQUIRE(eventually([&] { return receiver.overdue("firing").size() == 1; }));
  const std::string id = receiver.overdue("firing")[0]["id"];

  reel::v1::Request request;
  auto& snooze = *request.mutable_care()->mutable_snooze();
  snooze.set_incident(id);
  snooze.set_by("ada");
  snooze.set_reason("known");
  const auto until = std::chrono::system_clock::now() + 2s;
  snooze.set_until(static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(until.time_since_epoch()).count()));
  const auto reply = reel::QueryClient{mesh.tracker_endpoint(), 10s}.ask(request);
  REQUIRE(reply.error() == "");
  REQUIRE(eventually([&] {
    const auto rows = mesh.rows({"retries", "--service", "alerts.ops.snoozed"});
    return !rows.empty() && rows[0]["error"].get<std::string>().starts_with("snoozed until ");
  }));
  CHECK(receiver.overdue("firing").size() == 1);
  REQUIRE(eventually([&] { return receiver.overdue("firing").size() == 2; }));
  CHECK(std::chrono::system_clock::now() >= until);
  CHECK(receiver.overdue("firing")[1]["key"].get<std::string>().starts_with(id + ":firing:snoozed until "));
}

TEST_CASE("a target can be tried") {
  Receiver receiver;
  Mesh mesh{mesh_with(webhook(receiver))};
  const auto good = mesh.reel({"alerts", "test", "ops", "-c", mesh.config_path()});
  CHECK(good.exit_code == 0);
  CHECK(good.out.starts_with("POST " + receiver.url("/reel") +
                             "\n{\"status\":\"firing\",\"alert\":\"ReelOverdue\""));
  CHECK(good.out.ends_with("\ntold: '" + receiver.url("/…") + "' answered 200\n"));
  CHECK(receiver.overdue("firing").size() == 1);

  receiver.fail(1);
  const auto bad = mesh.reel({"alerts", "test", "ops", "-c", mesh.config_path()});
  CHECK(bad.exit_code == 1);
  CHECK(bad.out.ends_with("\nnot told: '" + receiver.url("/…") + "' answered 500: 'not today'\n"));

  const auto unknown = mesh.reel({"alerts", "test", "opps", "-c", mesh.config_path()});
  CHECK(unknown.exit_code == 1);
  CHECK(unknown.err == "no alert target has the name 'opps' (did you mean 'ops'?)\n");
}

TEST_CASE("reel up runs it where the file has targets, and stops it with the rest") {
  Receiver receiver;
  Mesh mesh{mesh_with(webhook(receiver))};
  const auto up = mesh.start("reel", {"up", "-c", mesh.config_path()}, "up");
  REQUIRE(up->says("reel     | ready "));
  CHECK(mesh.service("alerts.ops")["instances"].size() == 1);
  mesh.place("flow-1");
  REQUIRE(eventually([&] { return receiver.overdue("firing").size() == 1; }));
  CHECK(up->stop() == 0);
  CHECK(up->output().find("alerts   | ") != std::string::npos);
  CHECK(up->output().find("stopped\n") != std::string::npos);
}

TEST_CASE("without targets it says so and ends") {
  Mesh mesh;
  const auto ran = mesh.run("reel-alerts", {"-c", mesh.config_path()});
  CHECK(ran.exit_code == 2);
  CHECK(ran.err.find("no_targets config=" + mesh.config_path()) != std::string::npos);
}
