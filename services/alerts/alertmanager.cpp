#include "alerts/alertmanager.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "event/rfc3339.h"

namespace reel::alerts {
namespace {

using Object = nlohmann::ordered_json;

// Alertmanager drops labels without a value; so do we, that both see the same.
void put(Object& object, const char* name, const std::string& text) {
  if (!text.empty()) object[name] = text;
}

template <typename Texts>
std::string joined_lines(const Texts& texts, const char* between) {
  std::string all;
  for (const auto& text : texts) {
    if (!all.empty()) all += between;
    all += text;
  }
  return all;
}

Object labels_of(const Notice& notice) {
  Object labels = Object::object();
  for (const auto& [name, value] : notice.labels) put(labels, name.c_str(), value);
  labels["alertname"] = notice.name;
  if (!notice.incident) {
    labels["severity"] = notice.status == Status::watchdog ? "none" : "critical";
    put(labels, "tracker", notice.tracker ? notice.tracker->endpoint : "");
    return labels;
  }
  const auto& incident = *notice.incident;
  put(labels, "definition", incident.definition());
  put(labels, "after", incident.after());
  put(labels, "missing", missing_text(incident));
  put(labels, "cause", cause_text(incident));
  put(labels, "reason", incident.reason());
  put(labels, "owner", incident.owner());
  put(labels, "severity", incident.severity());
  return labels;
}

// "ada: looking into it"
std::string said_by(const std::string& by, const std::string& reason) {
  return by.empty() || reason.empty() ? by : by + ": " + reason;
}

Object annotations_of(const Notice& notice) {
  Object annotations = Object::object();
  annotations["summary"] = notice.title;
  if (notice.tracker) put(annotations, "description", notice.tracker->trouble);
  if (!notice.incident) return annotations;
  const auto& incident = *notice.incident;
  put(annotations, "description", incident.cause().sentence());
  put(annotations, "runbook_url", incident.runbook());
  put(annotations, "commands", joined_lines(incident.cause().commands(), "\n"));
  put(annotations, "flows", joined_lines(incident.correlationids(), ", "));
  annotations["open"] = std::to_string(incident.open()) + " of " + std::to_string(incident.count());
  annotations["incident"] = incident.id();
  put(annotations, "acknowledged", said_by(incident.acknowledged_by(), incident.acknowledged_reason()));
  return annotations;
}

std::uint64_t begin_of(const Notice& notice) {
  if (notice.incident) return notice.incident->first_at();
  return notice.tracker && notice.tracker->silent_since != 0 ? notice.tracker->silent_since : notice.at;
}

std::uint64_t end_of(const Notice& notice, std::chrono::milliseconds repeat) {
  if (notice.status != Status::resolved) {
    const auto life = std::chrono::nanoseconds{repeats_of_life * repeat};
    return notice.at + static_cast<std::uint64_t>(life.count());
  }
  const auto end = notice.incident ? notice.incident->resolved_at() : notice.at;
  return std::max(end, begin_of(notice) + 1'000'000);  // it refuses an end that is not behind the begin
}

}  // namespace

std::string alertmanager_body(const std::vector<Notice>& notices, std::chrono::milliseconds repeat) {
  Object alerts = Object::array();
  for (const auto& notice : notices) {
    alerts.push_back({{"labels", labels_of(notice)},
                      {"annotations", annotations_of(notice)},
                      {"startsAt", rfc3339(begin_of(notice))},
                      {"endsAt", rfc3339(end_of(notice, repeat))}});
  }
  return alerts.dump(-1, ' ', false, Object::error_handler_t::replace);
}

}  // namespace reel::alerts
