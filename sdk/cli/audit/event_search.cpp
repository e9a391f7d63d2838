#include "cli/audit/event_search.h"

#include <algorithm>

#include "event/batch.h"
#include "story/record_topics.h"

namespace reel::cli {

bool EventSearch::see(const StreamEvent& event) {
  if (event.topic == delayed_topic) {
    see_kept(event);
  } else if (event.topic == control_topic && kept_) {
    see_command(event);
  }
  if (event.id != id_ || (!flow_.empty() && event.correlationid != flow_)) return false;
  offset_ = event.offset;
  return true;
}

void EventSearch::see_kept(const StreamEvent& event) {
  v1::Delayed delayed;
  if (!parse_record(delayed, event.data)) return;
  const auto inner = read_event(delayed.event());
  if (!inner || inner->id != id_ || (!flow_.empty() && inner->correlationid != flow_)) return;
  kept_at_ = event.offset;
  if (kept_ && delayed.moved_from() != 0) return;
  kept_ = {.offset = event.offset,
           .time = event.recordedtime,
           .due = delayed.due(),
           .cancelled_by = {},
           .cancelled_at = 0};
  kept_head_ = {.offset = 0,
                .time = event.recordedtime,
                .id = std::string{inner->id},
                .topic = delayed.topic(),
                .source = delayed.source(),
                .correlationid = std::string{inner->correlationid},
                .causationid = std::string{inner->causationid}};
}

void EventSearch::see_command(const StreamEvent& event) {
  v1::Command command;
  if (!parse_record(command, event.data) || !command.has_cancel_delayed()) return;
  if (command.cancel_delayed() != kept_at_ && command.cancel_delayed() != kept_->offset) return;
  kept_->cancelled_by = command.by();
  kept_->cancelled_at = event.recordedtime;
}

}  // namespace reel::cli
