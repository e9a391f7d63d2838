#include "adapters/event_reading.h"

#include <stdexcept>
#include <utility>
#include <vector>

#include "event/batch.h"

namespace reel::adapters {
namespace {

// The event as it was encoded, but for the order of its attributes.
std::string bytes_of(const Context& event) {
  EventFields fields;
  fields.id = event.id();
  fields.correlationid = event.correlationid();
  fields.causationid = event.causationid();
  fields.partitionkey = event.partitionkey();
  fields.subject = event.subject();
  fields.time = event.time();
  fields.datacontenttype = event.datacontenttype();
  fields.traceparent = event.traceparent();
  fields.tracestate = event.tracestate();
  fields.replayed = event.replayed();
  fields.data = event.data();
  std::vector<Attribute> attributes;
  for (const auto& [name, value] : event.attributes()) attributes.push_back({name, value});
  std::string bytes;
  append_event(bytes, fields, attributes);
  return bytes;
}

}  // namespace

void EventReading::fetch_again() {
  const v1::SchemasReply reply = fetch_();
  TopicTypes types;
  for (const auto& topic : reply.topics()) types.emplace(topic.topic(), topic.type());
  auto known = std::make_unique<Known>(Known{schemas_of(reply.files()).schemas, nullptr});
  known->json = std::make_unique<EventJson>(known->schemas, std::move(types));
  known_ = std::move(known);
}

std::string EventReading::json_of(const Context& event) {
  const std::string bytes = bytes_of(event);
  const auto view = read_event(bytes);
  if (!view) throw std::logic_error{"an event that was handed over cannot be encoded"};
  const std::lock_guard lock{mutex_};
  const bool system = event.type().starts_with("reel.v1.");
  if (!known_ || (!system && known_->schemas.find(event.type()) == nullptr)) fetch_again();
  return known_->json->write({.source = event.source(), .topic = event.topic(), .dataschema = event.type()},
                             *view, {.offset = event.offset(), .log_time = event.recordedtime()});
}

void EventReading::read(const std::function<bool(const EventJson&)>& read) {
  const std::lock_guard lock{mutex_};
  if (known_ && read(*known_->json)) return;
  fetch_again();
  (void)read(*known_->json);
}

}  // namespace reel::adapters
