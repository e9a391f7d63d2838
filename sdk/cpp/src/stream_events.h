// Delivered bytes as StreamEvents.
#pragma once

#include <vector>

#include "event/batch.h"
#include "reel/stream.h"

namespace reel::sdk {

inline StreamEvent stream_event(const RunHead& head, const EventView& event) {
  return {.source = head.source,
          .topic = head.topic,
          .dataschema = head.dataschema,
          .id = event.id,
          .correlationid = event.correlationid,
          .causationid = event.causationid,
          .partitionkey = event.partitionkey,
          .subject = event.subject,
          .datacontenttype = event.datacontenttype,
          .traceparent = event.traceparent,
          .tracestate = event.tracestate,
          .time = event.time,
          .data = event.data,
          .bytes = event.bytes,
          .replayed = event.replayed,
          .has_attributes = event.has_attributes};
}

/// Appends the batch's events to `events`. False where the bytes are malformed, or they are more than
/// `events_max`; what stands before is appended all the same.
[[nodiscard]] bool read_events(std::string_view batch, std::size_t events_max,
                               std::vector<StreamEvent>& events);

}  // namespace reel::sdk
