// The system's own topics and what they carry; the messages are part of reel.v1.
#pragma once

#include <string_view>

namespace reel {

/// That a service could not handle an event: in the flow of that event.
inline constexpr std::string_view dead_letter_topic = "reel.dead_letter";

struct SystemTopic {
  std::string_view topic;
  std::string_view type;
};

inline constexpr SystemTopic system_topics[] = {
    {"reel.delivery", "reel.v1.DeliveryReport"},
    {"reel.subscription", "reel.v1.SubscriptionChanged"},
    {"reel.flow.overdue", "reel.v1.FlowOverdue"},
    {"reel.flow.resolved", "reel.v1.FlowResolved"},
    {"reel.flow.warning", "reel.v1.FlowOverdue"},
    {"reel.flow.violated", "reel.v1.FlowViolated"},
    {"reel.flow.completed", "reel.v1.FlowCompleted"},
    {"reel.flow.impossible", "reel.v1.FlowImpossible"},
    {"reel.flow.waived", "reel.v1.FlowWaived"},
    {"reel.incident.opened", "reel.v1.Incident"},
    {"reel.incident.resolved", "reel.v1.Incident"},
    {"reel.incident.acknowledged", "reel.v1.IncidentCare"},
    {"reel.incident.snoozed", "reel.v1.IncidentCare"},
    {"reel.delayed", "reel.v1.Delayed"},
    {"reel.delayed.ended", "reel.v1.DelayedEnded"},
    {"reel.control", "reel.v1.Command"},
    {dead_letter_topic, "reel.v1.DeadLetter"},
    {"reel.service.started", "reel.v1.ServiceChanged"},
    {"reel.service.stopped", "reel.v1.ServiceChanged"},
    {"reel.service.lost", "reel.v1.ServiceChanged"},
    {"reel.service.behind", "reel.v1.ServiceChanged"},
    {"reel.service.caught_up", "reel.v1.ServiceChanged"},
};

/// Verdicts, which the tracker publishes; the others only the broker itself writes.
[[nodiscard]] constexpr bool is_verdict_topic(std::string_view topic) {
  return topic.starts_with("reel.flow.") || topic.starts_with("reel.incident.");
}

/// The service name of the tracker: the only one that may publish verdicts.
inline constexpr std::string_view tracker_service = "reel.tracker";
/// The source of all events the tracker publishes, and of nobody else's: by it the tracker knows them again.
inline constexpr std::string_view tracker_source = "reel-tracker";

}  // namespace reel
