#include "alerts/notice_json.h"

#include <nlohmann/json.hpp>

#include "event/rfc3339.h"

namespace reel::alerts {
namespace {

using Json = nlohmann::ordered_json;

void set_text(Json& json, const char* name, const std::string& text) {
  if (!text.empty()) json[name] = text;
}

void set_time(Json& json, const char* name, std::uint64_t time) {
  if (time != 0) json[name] = rfc3339(time);
}

Json cause_json(const v1::Incident& incident) {
  const auto& cause = incident.cause();
  const std::string kind = cause_text(incident);
  Json json{{"kind", kind.empty() ? "unknown" : kind}};
  set_text(json, "sentence", cause.sentence());
  set_text(json, "service", cause.service());
  set_text(json, "check", cause.check());
  set_text(json, "instance", cause.instance());
  set_time(json, "since", cause.since());
  set_text(json, "error", cause.error());
  if (cause.waiting() != 0) json["waiting"] = cause.waiting();
  json["commands"] = Json::array();
  for (const auto& command : cause.commands()) json["commands"].push_back(command);
  return json;
}

void add_care(Json& json, const v1::Incident& incident) {
  if (!incident.acknowledged_by().empty()) {
    auto& care = json["acknowledged"] = Json{{"by", incident.acknowledged_by()}};
    set_text(care, "reason", incident.acknowledged_reason());
    set_time(care, "at", incident.acknowledged_at());
  }
  if (incident.snoozed_until() != 0) {
    auto& care = json["snoozed"] = Json{{"until", rfc3339(incident.snoozed_until())}};
    set_text(care, "by", incident.snoozed_by());
    set_text(care, "reason", incident.snoozed_reason());
  }
}

void add_incident(Json& json, const v1::Incident& incident) {
  json["kind"] = incident.kind() == v1::Incident::KIND_VIOLATED ? "violated" : "overdue";
  json["definition"] = incident.definition();
  set_text(json, "after", incident.after());
  json["missing"] = Json::array();
  for (const auto& topic : incident.missing()) json["missing"].push_back(topic);
  json["any_of"] = incident.any_of();
  set_text(json, "reason", incident.reason());
  json["cause"] = cause_json(incident);
  set_text(json, "owner", incident.owner());
  set_text(json, "severity", incident.severity());
  set_text(json, "runbook", incident.runbook());
  json["count"] = incident.count();
  json["open"] = incident.open();
  set_time(json, "first_at", incident.first_at());
  set_time(json, "last_at", incident.last_at());
  set_time(json, "resolved_at", incident.resolved_at());
  json["flows"] = Json::array();
  for (const auto& flow : incident.correlationids()) json["flows"].push_back(flow);
  add_care(json, incident);
}

void add_tracker(Json& json, const TrackerSight& sight) {
  auto& tracker = json["tracker"] = Json{{"endpoint", sight.endpoint}, {"well", sight.trouble.empty()}};
  set_text(tracker, "trouble", sight.trouble);
  set_time(tracker, "silent_since", sight.silent_since);
  set_time(tracker, "watermark", sight.watermark);
}

}  // namespace

std::string webhook_body(const Notice& notice) {
  Json json{{"status", to_string(notice.status)},
            {"alert", notice.name},
            {"id", notice.id},
            {"key", notice.key},
            {"title", notice.title},
            {"sent_at", rfc3339(notice.at)}};
  if (!notice.labels.empty()) json["labels"] = notice.labels;
  if (notice.incident) add_incident(json, *notice.incident);
  if (notice.tracker) add_tracker(json, *notice.tracker);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace reel::alerts
