#include "alerts/notice.h"

#include "event/cause_word.h"
#include "event/rfc3339.h"

namespace reel::alerts {
namespace {

// "payment.captured overdue after order.placed (order-fulfilment)"
std::string title_of(const v1::Incident& incident) {
  const bool violated = incident.kind() == v1::Incident::KIND_VIOLATED;
  const std::string of = " (" + incident.definition() + ")";
  if (violated) {
    const std::string broken = incident.reason().empty() ? "not as agreed" : incident.reason();
    return missing_text(incident) + " " + broken +
           (incident.after().empty() ? "" : " after " + incident.after()) + of;
  }
  if (incident.after().empty()) return "flow overdue" + of;
  return missing_text(incident) + " overdue after " + incident.after() + of;
}

std::string key_of(std::string_view id, Status status, std::string_view occasion = {}) {
  std::string key{id};
  key += ':';
  key += to_string(status);
  if (!occasion.empty()) (key += ':') += occasion;
  return key;
}

}  // namespace

std::string_view to_string(Status status) {
  switch (status) {
    case Status::firing: return "firing";
    case Status::resolved: return "resolved";
    case Status::watchdog: return "watchdog";
  }
  return "firing";
}

std::string missing_text(const v1::Incident& incident) {
  std::string text;
  for (const auto& topic : incident.missing()) {
    if (!text.empty()) text += incident.any_of() ? " or " : ", ";
    text += topic;
  }
  return text;
}

std::string cause_text(const v1::Incident& incident) {
  return incident.cause().kind() == v1::CAUSE_UNKNOWN ? "" : cause_word(incident.cause().kind());
}

Notice incident_notice(const v1::Incident& incident, Status status, std::uint64_t at,
                       std::string_view occasion) {
  return {.status = status,
          .name = incident.kind() == v1::Incident::KIND_VIOLATED ? "ReelViolated" : "ReelOverdue",
          .id = incident.id(),
          .key = key_of(incident.id(), status, occasion),
          .title = title_of(incident),
          .at = at,
          .incident = incident,
          .tracker = std::nullopt,
          .labels = {}};
}

Notice silence_notice(const TrackerSight& sight, Status status, std::uint64_t at) {
  // One id for all of them: whoever gives the all-clear after a restart knows no other. The key tells them
  // apart.
  const std::string id = "tracker-silent";
  const std::uint64_t since = sight.silent_since != 0 ? sight.silent_since : at;
  return {.status = status,
          .name = "ReelTrackerSilent",
          .id = id,
          .key = key_of(id + "-" + std::to_string(since / 1'000'000'000), status),
          .title = status == Status::resolved
                       ? "the tracker at " + sight.endpoint + " judges again"
                       : "nobody notices what is overdue: the tracker at " + sight.endpoint + " " +
                             (sight.trouble.empty() ? "is silent" : sight.trouble),
          .at = at,
          .incident = std::nullopt,
          .tracker = sight,
          .labels = {}};
}

Notice watchdog_notice(const TrackerSight& sight, std::uint64_t at) {
  return {.status = Status::watchdog,
          .name = "ReelWatchdog",
          .id = "watchdog",
          .key = "watchdog:" + std::to_string(at / 1'000'000),
          .title = "the tracker at " + sight.endpoint + " judges; when this stops coming, look after Reel",
          .at = at,
          .incident = std::nullopt,
          .tracker = sight,
          .labels = {}};
}

Notice sample_notice(std::uint64_t at) {
  constexpr std::uint64_t minute = 60'000'000'000;
  v1::Incident incident;
  incident.set_id("sample-" + std::to_string(at / 1'000'000));
  incident.set_state(v1::Incident::STATE_OPEN);
  incident.set_kind(v1::Incident::KIND_OVERDUE);
  incident.set_definition("reel-alerts-test");
  incident.set_after("order.placed");
  incident.add_missing("payment.captured");
  incident.set_any_of(true);
  incident.set_owner("nobody");
  incident.set_severity("info");
  auto& cause = *incident.mutable_cause();
  cause.set_kind(v1::CAUSE_UNKNOWN);
  cause.set_sentence("this is a test: nothing is wrong");
  incident.set_first_at(at - minute);
  incident.set_last_at(at - minute);
  incident.set_count(1);
  incident.set_open(1);
  incident.add_correlationids("flow-of-a-test");
  auto notice = incident_notice(incident, Status::firing, at);
  notice.title = "test of reel-alerts: " + notice.title;
  return notice;
}

}  // namespace reel::alerts
