#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

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
  service.set_waiting(2);
  service.set_oldest_unsettled(96 * second);
  auto& passing = *services.mutable_services()->add_services();
  passing.set_service("gateway#1");
  passing.set_ephemeral(true);
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
