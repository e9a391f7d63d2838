// What an endpoint or a program says it did, read as events to publish: CloudEvents in JSON.
//
//   const auto answered = events_of_lines(json, end.out);       // a program's output: one event a line
//   if (!answered.error.empty()) throw Reject{answered.error};
//   for (const EventDraft& event : answered.events) context.publish(…);
//
// Every event is the whole form or the short one, {"type": …, "data": …}. Whose flow it is, its id and its
// cause are not the answerer's to say: they follow from the event that is being handled. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "event/event_json.h"

namespace reel::adapters {

/// Of one answer: what a handler may reasonably publish. More is an error, not a silent cut.
inline constexpr std::size_t answered_events_max = 1'000;

struct AnsweredEvents {
  std::vector<EventDraft> events;
  /// Not empty: nothing of it counts. "line 2: data: unknown field 'totl' …"
  std::string error;
};

/// One event on each line that is not blank.
[[nodiscard]] AnsweredEvents events_of_lines(const EventJson& json, std::string_view text);

/// The body of an HTTP answer: one event where `content_type` is application/cloudevents+json, an array of
/// them where it is application/cloudevents-batch+json, none where it is anything else.
[[nodiscard]] AnsweredEvents events_of_body(const EventJson& json, std::string_view content_type,
                                            std::string_view body);

}  // namespace reel::adapters
