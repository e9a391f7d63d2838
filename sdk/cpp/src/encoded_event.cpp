#include "encoded_event.h"

#include "event/batch.h"
#include "event/uuid.h"
#include "wall_clock.h"

namespace reel::sdk {

Outgoing outgoing(std::string_view topic, std::string_view type, std::string_view data,
                  const PublishFields& fields) {
  return {.topic = topic,
          .type = type,
          .data = data,
          .id = fields.id,
          .correlationid = fields.correlationid,
          .causationid = fields.causationid,
          .partitionkey = fields.partitionkey,
          .subject = fields.subject,
          .time = fields.time,
          .deliver_at = fields.deliver_at,
          .after = fields.after,
          .expires_at = fields.expires_at,
          .expires_after = fields.expires_after,
          .datacontenttype = fields.datacontenttype,
          .traceparent = fields.traceparent,
          .tracestate = fields.tracestate,
          .attributes = fields.attributes,
          .source = fields.source};
}

void EncodedEvent::encode(const Outgoing& event) {
  const auto now = wall_clock_ns();
  chosen_id = event.id.has_value();
  // One UUID serves both: a flow without a name of its own is named by the event that began it.
  if (!event.id || !event.correlationid) generated_id = uuid_v7(now);
  id = event.id ? *event.id : generated_id;
  correlationid = event.correlationid ? *event.correlationid : generated_id;

  const auto life = lifetime_of(event, now);
  const EventFields fields{.id = id,
                           .correlationid = correlationid,
                           .causationid = event.causationid,
                           .partitionkey = event.partitionkey,
                           .subject = event.subject,
                           .time = event.time != 0 ? event.time : now,
                           .datacontenttype = event.datacontenttype,
                           .traceparent = event.traceparent,
                           .tracestate = event.tracestate,
                           .delivertime = life.delivertime,
                           .expirytime = life.expirytime,
                           .data = event.data};
  bytes.clear();
  if (event.attributes.empty()) return append_event(bytes, fields);
  std::vector<Attribute> attributes;
  for (const auto& [name, value] : event.attributes) attributes.push_back({name, value});
  append_event(bytes, fields, attributes);
}

}  // namespace reel::sdk
