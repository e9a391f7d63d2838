// What targets read, whole: a change of a form changes a text here.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "alerts/alertmanager.h"
#include "alerts/environment.h"
#include "alerts/notice_json.h"
#include "alerts_bench.h"

using namespace reel;
using namespace reel::alerts;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t now = noon + 5 * second_ns;

const TrackerSight well{"tcp://127.0.0.1:5557", "", noon, 0};
const TrackerSight dead{"tcp://127.0.0.1:5557", "does not answer", 0, noon};

std::string pretty(const std::string& json) {
  return nlohmann::ordered_json::parse(json).dump(2);
}

}  // namespace

TEST_CASE("a webhook gets an incident as one object") {
  auto notice = incident_notice(overdue_incident(), Status::firing, now);
  notice.labels = {{"mesh", "eu-1"}};
  CHECK(pretty(webhook_body(notice)) == R"x({
  "status": "firing",
  "alert": "ReelOverdue",
  "id": "i-1",
  "key": "i-1:firing",
  "title": "payment.captured or payment.declined overdue after order.placed (order-fulfilment)",
  "sent_at": "2026-11-24T12:00:05Z",
  "labels": {
    "mesh": "eu-1"
  },
  "kind": "overdue",
  "definition": "order-fulfilment",
  "after": "order.placed",
  "missing": [
    "payment.captured",
    "payment.declined"
  ],
  "any_of": true,
  "cause": {
    "kind": "paused",
    "sentence": "payments is paused by ada until somebody resumes it",
    "service": "payments",
    "commands": [
      "reel resume payments"
    ]
  },
  "owner": "payments",
  "severity": "critical",
  "runbook": "https://wiki.example/payments",
  "count": 3,
  "open": 2,
  "first_at": "2026-11-24T12:00:00Z",
  "last_at": "2026-11-24T12:00:02Z",
  "flows": [
    "order-9",
    "order-7"
  ]
})x");
}

TEST_CASE("a body is one line") {
  CHECK(webhook_body(incident_notice(overdue_incident(), Status::firing, now)).find('\n') ==
        std::string::npos);
}

TEST_CASE("a webhook hears when it is over, and who cared") {
  auto incident = resolved_incident();
  incident.set_acknowledged_by("ada");
  incident.set_acknowledged_reason("on it");
  incident.set_acknowledged_at(noon + second_ns);
  const auto body = nlohmann::json::parse(webhook_body(incident_notice(incident, Status::resolved, now)));
  CHECK(body["status"] == "resolved");
  CHECK(body["id"] == "i-1");
  CHECK(body["key"] == "i-1:resolved");
  CHECK(body["resolved_at"] == "2026-11-24T12:01:00Z");
  CHECK(body["acknowledged"].dump() == R"({"at":"2026-11-24T12:00:01Z","by":"ada","reason":"on it"})");
}

TEST_CASE("a webhook's beat and silence say how the tracker stands") {
  CHECK(
      webhook_body(watchdog_notice(well, now)) ==
      R"({"status":"watchdog","alert":"ReelWatchdog","id":"watchdog","key":"watchdog:1795521605000","title":"the tracker at tcp://127.0.0.1:5557 judges; when this stops coming, look after Reel","sent_at":"2026-11-24T12:00:05Z","tracker":{"endpoint":"tcp://127.0.0.1:5557","well":true,"watermark":"2026-11-24T12:00:00Z"}})");
  CHECK(
      webhook_body(silence_notice(dead, Status::firing, now)) ==
      R"({"status":"firing","alert":"ReelTrackerSilent","id":"tracker-silent","key":"tracker-silent-1795521600:firing","title":"nobody notices what is overdue: the tracker at tcp://127.0.0.1:5557 does not answer","sent_at":"2026-11-24T12:00:05Z","tracker":{"endpoint":"tcp://127.0.0.1:5557","well":false,"trouble":"does not answer","silent_since":"2026-11-24T12:00:00Z"}})");
}

TEST_CASE("Alertmanager gets labels of few values, and the rest as annotations") {
  auto incident = overdue_incident();
  incident.set_acknowledged_by("ada");
  incident.set_acknowledged_reason("on it");
  auto notice = incident_notice(incident, Status::firing, now);
  notice.labels = {{"mesh", "eu-1"}};
  CHECK(pretty(alertmanager_body({notice}, 1min)) == R"x([
  {
    "labels": {
      "mesh": "eu-1",
      "alertname": "ReelOverdue",
      "definition": "order-fulfilment",
      "after": "order.placed",
      "missing": "payment.captured or payment.declined",
      "cause": "paused",
      "owner": "payments",
      "severity": "critical"
    },
    "annotations": {
      "summary": "payment.captured or payment.declined overdue after order.placed (order-fulfilment)",
      "description": "payments is paused by ada until somebody resumes it",
      "runbook_url": "https://wiki.example/payments",
      "commands": "reel resume payments",
      "flows": "order-9, order-7",
      "open": "2 of 3",
      "incident": "i-1",
      "acknowledged": "ada: on it"
    },
    "startsAt": "2026-11-24T12:00:00Z",
    "endsAt": "2026-11-24T12:04:05Z"
  }
])x");
}

TEST_CASE("an alert that is over has the labels it had when it began, and ends when it was resolved") {
  const auto firing = nlohmann::json::parse(
      alertmanager_body({incident_notice(overdue_incident(), Status::firing, now)}, 1min))[0];
  const auto over = nlohmann::json::parse(
      alertmanager_body({incident_notice(resolved_incident(), Status::resolved, now)}, 1min))[0];
  CHECK(over["labels"] == firing["labels"]);
  CHECK(over["startsAt"] == firing["startsAt"]);
  CHECK(over["endsAt"] == "2026-11-24T12:01:00Z");
}

TEST_CASE("an end is always behind its begin") {
  auto incident = resolved_incident();
  incident.set_resolved_at(incident.first_at());
  const auto over =
      nlohmann::json::parse(alertmanager_body({incident_notice(incident, Status::resolved, now)}, 1min))[0];
  CHECK(over["endsAt"] == "2026-11-24T12:00:00.001Z");
}

TEST_CASE("what broke a rule has a name and a label of its own") {
  auto incident = overdue_incident();
  incident.set_kind(v1::Incident::KIND_VIOLATED);
  incident.clear_missing();
  incident.add_missing("order.shipped");
  incident.set_reason("forbidden");
  incident.clear_cause();
  const auto notice = incident_notice(incident, Status::firing, now);
  CHECK(notice.title == "order.shipped forbidden after order.placed (order-fulfilment)");
  const auto alert = nlohmann::json::parse(alertmanager_body({notice}, 1min))[0];
  CHECK(alert["labels"]["alertname"] == "ReelViolated");
  CHECK(alert["labels"]["reason"] == "forbidden");
  CHECK(!alert["labels"].contains("cause"));
}

TEST_CASE("Alertmanager's beat and silence keep their labels") {
  CHECK(
      alertmanager_body({watchdog_notice(well, now)}, 1min) ==
      R"([{"labels":{"alertname":"ReelWatchdog","severity":"none","tracker":"tcp://127.0.0.1:5557"},"annotations":{"summary":"the tracker at tcp://127.0.0.1:5557 judges; when this stops coming, look after Reel"},"startsAt":"2026-11-24T12:00:05Z","endsAt":"2026-11-24T12:04:05Z"}])");
  const auto silent =
      nlohmann::json::parse(alertmanager_body({silence_notice(dead, Status::firing, now)}, 1min))[0];
  const auto heard =
      nlohmann::json::parse(alertmanager_body({silence_notice(dead, Status::resolved, now)}, 1min))[0];
  CHECK(silent["labels"].dump() ==
        R"({"alertname":"ReelTrackerSilent","severity":"critical","tracker":"tcp://127.0.0.1:5557"})");
  CHECK(heard["labels"] == silent["labels"]);
  CHECK(silent["startsAt"] == "2026-11-24T12:00:00Z");
  CHECK(heard["endsAt"] == "2026-11-24T12:00:05Z");
}

TEST_CASE("a program finds what it needs most in its environment") {
  std::string all;
  for (const auto& variable : environment_of(incident_notice(overdue_incident(), Status::firing, now)))
    all += variable + "\n";
  CHECK(all == R"(REEL_STATUS=firing
REEL_ALERT=ReelOverdue
REEL_ID=i-1
REEL_KEY=i-1:firing
REEL_TITLE=payment.captured or payment.declined overdue after order.placed (order-fulfilment)
REEL_DEFINITION=order-fulfilment
REEL_AFTER=order.placed
REEL_MISSING=payment.captured or payment.declined
REEL_CAUSE=paused
REEL_SENTENCE=payments is paused by ada until somebody resumes it
REEL_COMMANDS=reel resume payments
REEL_OWNER=payments
REEL_SEVERITY=critical
REEL_RUNBOOK=https://wiki.example/payments
REEL_COUNT=3
REEL_OPEN=2
REEL_FLOWS=order-9
order-7
REEL_FIRST_AT=2026-11-24T12:00:00Z
REEL_LAST_AT=2026-11-24T12:00:02Z
)");
}

TEST_CASE("foreign text makes valid JSON and short variables, whatever it is") {
  auto incident = overdue_incident();
  incident.set_owner(std::string{"a\0b\xff\n\"", 6});
  incident.mutable_cause()->set_sentence(std::string(100'000, 'x') + "\xe2\x82");
  const auto notice = incident_notice(incident, Status::firing, now);
  CHECK(nlohmann::json::parse(webhook_body(notice))["owner"] == std::string("a\0b\xef\xbf\xbd\n\"", 8));
  CHECK(nlohmann::json::accept(alertmanager_body({notice}, 1min)));
  for (const auto& variable : environment_of(notice)) {
    CHECK(variable.size() < variable_bytes_max + 20);
    CHECK(variable.find('\0') == std::string::npos);
  }
}

TEST_CASE("a sample says what it is") {
  const auto body = nlohmann::json::parse(webhook_body(sample_notice(now)));
  CHECK(body["title"] ==
        "test of reel-alerts: payment.captured overdue after order.placed (reel-alerts-test)");
  CHECK(body["cause"]["sentence"] == "this is a test: nothing is wrong");
}
