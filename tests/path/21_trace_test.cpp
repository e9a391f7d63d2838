// Traces: what the tracker says of a flow, and the flow arrives at a tracing back end; and what monitoring
// reads of it.
#include <doctest/doctest.h>
#include <httplib.h>
#include <stdlib.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <thread>

#include "mesh.h"

using namespace reel::test;
using nlohmann::json;

namespace {

/// An OTLP/HTTP end point that is busy at first.
class Collector {
 public:
  explicit Collector(int busy_times = 0) : busy_times_{busy_times} {
    server_.Post("/v1/traces", [this](const httplib::Request& request, httplib::Response& response) {
      const std::lock_guard lock{mutex_};
      ++asked_;
      if (asked_ <= busy_times_) {
        response.status = 503;
        return;
      }
      authorization_ = request.get_header_value("Authorization");
      content_type_ = request.get_header_value("Content-Type");
      bodies_.push_back(request.body);
      response.set_content("{}", "application/json");
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread{[this] { server_.listen_after_bind(); }};
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~Collector() {
    server_.stop();
    thread_.join();
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/v1/traces"; }
  [[nodiscard]] int asked() const {
    const std::lock_guard lock{mutex_};
    return asked_;
  }
  [[nodiscard]] std::string authorization() const {
    const std::lock_guard lock{mutex_};
    return authorization_ + ", " + content_type_;
  }
  /// "service: span" for each that has come of this flow; an error is marked with a !.
  [[nodiscard]] std::set<std::string> spans_of(const std::string& flow) const {
    const std::lock_guard lock{mutex_};
    std::set<std::string> spans;
    for (const auto& body : bodies_) {
      const auto request = json::parse(body);
      for (const auto& resource : request["resourceSpans"]) {
        const std::string service = resource["resource"]["attributes"][0]["value"]["stringValue"];
        for (const auto& span : resource["scopeSpans"][0]["spans"]) {
          if (span["attributes"].dump().find('"' + flow + '"') == std::string::npos) continue;
          spans.insert(service + ": " + span["name"].get<std::string>() +
                       (span.contains("status") ? "!" : ""));
        }
      }
    }
    return spans;
  }

 private:
  const int busy_times_;
  mutable std::mutex mutex_;
  int asked_ = 0;
  std::string authorization_;
  std::string content_type_;
  std::vector<std::string> bodies_;
  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
};

std::string mesh_with(const Collector& collector) {
  return Mesh::small_mesh() + "traces: {otlp: \"" + collector.url() +
         "\", settle: 100ms, headers: {Authorization: \"Bearer ${REEL_TEST_TOKEN}\"}}\n";
}

/// A gateway whose subscription to verdicts is there: what was said before that is not sent.
class Gateway {
 public:
  explicit Gateway(Mesh& mesh) : process_{mesh.start("reel-gateway", {"-c", mesh.config_path()}, "gateway")} {
    const std::string ready = "ready listen=";
    if (!process_->says(ready)) throw std::runtime_error{"no gateway:\n" + process_->output()};
    const auto line = line_with(process_->output(), ready);
    port_ = std::stoi(line.substr(line.rfind(':', line.find(" broker=")) + 1));
    const auto subscribed = [&] {
      const auto rows = mesh.rows({"services"});
      return std::any_of(rows.begin(), rows.end(), [](const json& row) {
        return row["service"].get<std::string>().starts_with("gateway-traces");
      });
    };
    if (!eventually(subscribed)) throw std::runtime_error{"no subscription:\n" + process_->output()};
  }
  [[nodiscard]] bool measures(const std::string& line) const {
    httplib::Client client{"127.0.0.1", port_};
    client.set_read_timeout(30);
    const auto answer = client.Get("/metrics");
    return answer && ('\n' + answer->body).find('\n' + line + '\n') != std::string::npos;
  }

 private:
  std::unique_ptr<Process> process_;
  int port_ = 0;
};

}  // namespace

TEST_CASE("a flow that becomes overdue arrives as a trace, though the back end is busy at first") {
  ::setenv("REEL_TEST_TOKEN", "s3cret", 1);
  Collector collector{1};
  Mesh mesh{mesh_with(collector)};
  mesh.start_broker();
  mesh.start_tracker();
  const Gateway gateway{mesh};
  mesh.place("flow-1");

  const std::set<std::string> overdue{"reel: publish order.placed", "reel-broker: publish order.archived",
                                      "payments: overdue payment.captured!"};
  CHECK(eventually([&] { return collector.spans_of("flow-1") == overdue; }));
  CHECK(collector.authorization() == "Bearer s3cret, application/json");
  CHECK(eventually([&] { return gateway.measures("reel_traces_exported_total 1"); }));
  CHECK(gateway.measures("reel_traces_failed_requests_total 1"));
  CHECK(gateway.measures(
      R"(reel_flow_edge_overdue_total{definition="fulfilment",from="order.placed",to="payment.captured"} 1)"));
  CHECK(eventually([&] {
    return gateway.measures(
        R"(reel_flow_edge_overdue_causes_total{definition="fulfilment",from="order.placed",to="payment.captured",cause="no_subscriber"} 1)");
  }));

  // What comes after all is sent as well, and counted with how long it took.
  const auto paid = mesh.reel({"pub", "payment.captured", "{}", "--correlation", "flow-1"});
  CHECK(paid.exit_code == 0);
  CHECK(eventually([&] { return collector.spans_of("flow-1").contains("reel: publish payment.captured"); }));
  CHECK(eventually([&] {
    return gateway.measures(
        R"(reel_flow_edge_seconds_count{definition="fulfilment",from="order.placed",to="payment.captured"} 1)");
  }));
}

TEST_CASE("a flow that is completed is sent with who handled what; the gateway measures how long that took") {
  ::setenv("REEL_TEST_TOKEN", "s3cret", 1);
  Collector collector;
  Mesh mesh{mesh_with(collector)};
  mesh.start_broker();
  mesh.start_tracker();
  const auto payments = mesh.actor("payments", {"--on", "order.placed", "--emit", "payment.captured"});
  const Gateway gateway{mesh};
  mesh.place("flow-2");

  const auto arrived = [&] {
    const auto spans = collector.spans_of("flow-2");
    return spans.contains("payments: process order.placed") &&
           spans.contains("payments: publish payment.captured");
  };
  CHECK(eventually(arrived));
  CHECK(eventually(
      [&] { return gateway.measures(R"(reel_service_handling_seconds_count{service="payments"} 1)"); }));
  CHECK(gateway.measures("# TYPE reel_broker_commit_seconds histogram"));
}

TEST_CASE("a gateway does not start where a header needs what the environment does not have") {
  Mesh mesh{Mesh::small_mesh() +
            "traces: {otlp: \"http://127.0.0.1:9/v1/traces\", headers: {X-Key: \"${REEL_TEST_NOT_SET}\"}}\n"};
  const auto ran = mesh.run("reel-gateway", {"-c", mesh.config_path()});
  CHECK(ran.exit_code == 1);
  CHECK(ran.err.find(
            "reel-gateway: header 'X-Key' needs the environment variable REEL_TEST_NOT_SET, which is not "
            "set\n") != std::string::npos);
  CHECK(mesh.reel({"check", mesh.config_path()}).exit_code == 0);
}
