#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "event/time_counts.h"
#include "gateway/health/metrics.h"
#include "gateway/health/readiness.h"

using namespace reel;
using namespace reel::gateway;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

constexpr std::uint64_t second = 1'000'000'000;

Heard broker_says(std::uint64_t now, const std::string& journal_error = "") {
  v1::Reply reply;
  reply.mutable_status()->set_now(now);
  reply.mutable_status()->set_journal_error(journal_error);
  return {reply, {}};
}

Heard tracker_says(std::uint64_t watermark) {
  v1::Reply reply;
  reply.mutable_summary()->set_watermark(watermark);
  auto& definition = *reply.mutable_summary()->add_definitions();
  definition.set_name("order");
  definition.set_open(3);
  definition.set_overdue(1);
  return {reply, {}};
}

const Heard silence{std::nullopt, "no answer"};

}  // namespace

TEST_CASE("ready is who hears the broker, with a journal that can be written and a tracker that keeps up") {
  const auto answer = readiness(broker_says(100 * second), tracker_says(99 * second), 30s);
  CHECK(answer.status == 200);
  CHECK(
      answer.body ==
      R"({"ready":true,"checks":{"broker":{"ok":true},"journal":{"ok":true},"tracker":{"ok":true,"lag_ms":1000.0}}})");

  const auto failing = [](const Heard& broker, const Heard& tracker) {
    const auto refused = readiness(broker, tracker, 30s);
    CHECK(refused.status == 503);
    std::string names;
    const auto body = json::parse(refused.body);
    for (const auto& [name, check] : body["checks"].items()) {
      if (!check["ok"].get<bool>()) names += (names.empty() ? "" : " ") + name;
      CHECK(check["ok"].get<bool>() == !check.contains("detail"));
    }
    return names;
  };
  CHECK(failing(silence, tracker_says(99 * second)) == "broker journal");
  CHECK(failing(broker_says(100 * second, "the disk is full"), tracker_says(99 * second)) == "journal");
  CHECK(failing(broker_says(100 * second), silence) == "tracker");
  CHECK(failing(broker_says(100 * second), tracker_says(69 * second)) == "tracker");
  CHECK(failing(silence, silence) == "broker journal tracker");
}

TEST_CASE("metrics are what broker and tracker say, and who is silent is down rather than old") {
  Measured measured;
  measured.status = broker_says(100 * second);
  measured.summary = tracker_says(98 * second);
  v1::Reply topics;
  auto& topic = *topics.mutable_topics()->add_topics();
  topic.set_topic("order.placed");
  topic.set_published(5);
  measured.topics = {topics, {}};
  v1::Reply services;
  services.mutable_services()->set_now(100 * second);
  auto& service = *services.mutable_services()->add_services();
  service.set_service("payments");
  service.add_patterns("order.placed");
  service.set_waiting(2);
  service.set_oldest_unsettled(96 * second);
  service.set_drained_in(30 * second);
  for (const auto& [name, failed] : {std::pair{"database", 2u}, {"disk", 1u}, {"card-reader", 0u}}) {
    auto& check = *service.add_checks();
    check.set_name(name);
    check.set_failed(failed);
  }
  auto& passing = *services.mutable_services()->add_services();
  passing.set_service("gateway#1");
  passing.set_ephemeral(true);
  for (const char* name : {"poller-1", "poller-2"}) {  // they only publish
    auto& publisher = *services.mutable_services()->add_services();
    publisher.set_service(name);
    publisher.add_checks()->set_failed(1);
  }
  measured.services = {services, {}};
  const auto text = metrics_text(measured);
  const auto has = [&text](const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
  };
  CAPTURE(text);
  CHECK(has("reel_up{part=\"broker\"} 1"));
  CHECK(has("# TYPE reel_events_published_total counter"));
  CHECK(has("reel_events_published_total{topic=\"order.placed\"} 5"));
  CHECK(has("reel_service_waiting_events{service=\"payments\"} 2"));
  CHECK(has("reel_service_oldest_unsettled_seconds{service=\"payments\"} 4"));
  CHECK(has("reel_service_drained_in_seconds{service=\"payments\"} 30"));
  CHECK(has("reel_service_failed_checks{service=\"payments\"} 2"));
  CHECK(has("reel_service_failed_checks{service=\"other\"} 2"));
  CHECK(text.find("poller-1") == std::string::npos);
  CHECK(has("reel_flows{definition=\"order\",state=\"overdue\"} 1"));
  CHECK(has("reel_tracker_lag_seconds 2"));
  CHECK(has("reel_journal_writable 1"));
  CHECK(text.find("gateway#1") == std::string::npos);

  measured.status = measured.topics = measured.services = silence;
  const auto without = metrics_text(measured);
  CHECK(without.find("reel_up{part=\"broker\"} 0") != std::string::npos);
  CHECK(without.find("reel_journal_") == std::string::npos);
  CHECK(without.find("reel_events_") == std::string::npos);
  CHECK(without.find("reel_tracker_lag") == std::string::npos);
  CHECK(without.find("reel_flows{") != std::string::npos);
}

TEST_CASE("labels are bounded: beyond a thousand rows the rest is one") {
  Measured measured;
  v1::Reply topics;
  for (std::size_t i = 0; i < labels_max + 7; ++i) {
    auto& topic = *topics.mutable_topics()->add_topics();
    topic.set_topic("t" + std::to_string(i));
    topic.set_published(1);
  }
  measured.topics = {topics, {}};
  const auto text = metrics_text(measured);
  CHECK(text.find("reel_events_published_total{topic=\"t999\"} 1\n") != std::string::npos);
  CHECK(text.find("topic=\"t1000\"") == std::string::npos);
  CHECK(text.find("reel_events_published_total{topic=\"other\"} 7\n") != std::string::npos);
}

TEST_CASE("requests are counted by kind, never by path") {
  RequestTimes times;
  const auto note = [&times](const std::string& path, int code, std::chrono::nanoseconds took) {
    HttpRequest request;
    request.path = path;
    times.note(request, code, took);
  };
  note("/v1/events", 202, 800us);
  note("/v1/events", 202, 3ms);
  note("/v1/events", 400, 1h);
  note("/v1/flows/order-7", 200, 1ms);
  note("/v1/flows/order-8", 200, 1ms);
  note("/anything/at/all", 404, 1ms);
  CHECK(times.rows().size() == 4);
  Measured measured;
  measured.requests = times.rows();
  const auto text = metrics_text(measured);
  const std::string name = "reel_gateway_request_duration_seconds_bucket{kind=\"events\",status=\"2xx\",le=";
  CHECK(text.find(name + "\"0.001\"} 1\n") != std::string::npos);
  CHECK(text.find(name + "\"0.005\"} 2\n") != std::string::npos);
  CHECK(text.find(name + "\"+Inf\"} 2\n") != std::string::npos);
  CHECK(text.find("{kind=\"api\",status=\"2xx\"} 2\n") != std::string::npos);
}

TEST_CASE("how long things took is told as it was counted, in classes that add up") {
  v1::Reply broker;
  auto& service = *broker.mutable_times()->add_services();
  service.set_service("payments");
  TimeCounts handling;
  handling.add(500'000);
  handling.add(2'000'000, 3);
  handling.add(1'000'000'000'000'000);
  handling.write(*service.mutable_handling());
  v1::Reply tracker;
  auto& edge = *tracker.mutable_times()->add_edges();
  edge.set_definition("order");
  edge.set_after("order.placed");
  edge.add_expected("payment.captured");
  edge.add_expected("payment.declined");
  edge.set_any_of(true);
  edge.set_overdue(4);
  auto& dead = *edge.add_overdue_for();
  dead.set_cause(v1::CAUSE_DEAD_LETTERED);
  dead.set_overdue(3);
  edge.add_overdue_for()->set_overdue(1);
  auto& whole = *tracker.mutable_times()->add_edges();
  whole.set_definition("order");
  Measured measured;
  measured.service_times = {broker, {}};
  measured.edge_times = {tracker, {}};
  const auto text = metrics_text(measured);
  const auto has = [&text](const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
  };
  CAPTURE(text);
  CHECK(has("# TYPE reel_service_handling_seconds histogram"));
  CHECK(has(R"(reel_service_handling_seconds_bucket{service="payments",le="0.001"} 1)"));
  CHECK(has(R"(reel_service_handling_seconds_bucket{service="payments",le="0.005"} 4)"));
  CHECK(has(R"(reel_service_handling_seconds_bucket{service="payments",le="604800"} 4)"));
  CHECK(has(R"(reel_service_handling_seconds_bucket{service="payments",le="+Inf"} 5)"));
  CHECK(has(R"(reel_service_handling_seconds_count{service="payments"} 5)"));
  const std::string labels =
      R"({definition="order",from="order.placed",to="payment.captured|payment.declined"} )";
  CHECK(has("reel_flow_edge_overdue_total" + labels + "4"));
  CHECK(has("reel_flow_edge_seconds_count" + labels + "0"));
  const std::string of_cause = "reel_flow_edge_overdue_causes_total" + labels.substr(0, labels.find('}'));
  CHECK(has(of_cause + R"(,cause="dead_lettered"} 3)"));
  CHECK(has(of_cause + R"(,cause="unknown"} 1)"));
  CHECK(has(R"(reel_flow_edge_overdue_total{definition="order",from="",to="end"} 0)"));
  CHECK(text.find("reel_traces") == std::string::npos);

  measured.traces = TraceCounts{.waiting = 2, .exported = 7, .given_up = 1};
  const auto with_traces = metrics_text(measured);
  CHECK(with_traces.find("reel_traces_waiting_flows 2\n") != std::string::npos);
  CHECK(with_traces.find("reel_traces_dropped_total{reason=\"given_up\"} 1\n") != std::string::npos);
}
