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

class EventReading::Known {
 public:
  Known(const v1::SchemasReply& reply, std::size_t told_digest)
      : digest{told_digest}, schemas{schemas_of(reply.files()).schemas} {
    for (const auto& topic : reply.topics()) types_.emplace(topic.topic(), topic.type());
  }

  /// An EventJson is for one thread at a time: each that comes has one to itself.
  template <typename Use>
  auto with_json(Use use) {
    auto json = take();
    const auto result = use(*json);
    const std::lock_guard lock{mutex_};
    idle_.push_back(std::move(json));
    return result;
  }

  const std::size_t digest;
  const SchemaSet schemas;

 private:
  std::unique_ptr<EventJson> take() {
    const std::lock_guard lock{mutex_};
    if (idle_.empty()) return std::make_unique<EventJson>(schemas, types_);
    auto json = std::move(idle_.back());
    idle_.pop_back();
    return json;
  }

  TopicTypes types_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<EventJson>> idle_;
};

// The same answer is the same schemas: what was made of them stays.
std::shared_ptr<EventReading::Known> EventReading::fetch_again() {
  const v1::SchemasReply reply = fetch_();
  const auto digest = std::hash<std::string>{}(reply.SerializeAsString());
  const std::lock_guard lock{mutex_};
  if (!known_ || known_->digest != digest) known_ = std::make_shared<Known>(reply, digest);
  return known_;
}

// That nobody answers keeps no event waiting whose schema is known.
std::shared_ptr<EventReading::Known> EventReading::known() {
  std::shared_ptr<Known> old;
  {
    const std::lock_guard lock{mutex_};
    if (known_ && now_() - asked_at_ < schemas_age_max) return known_;
    asked_at_ = now_();  // one asks; the others go on with what is known
    old = known_;
  }
  try {
    return fetch_again();
  } catch (const std::exception&) {
    if (!old) throw;
    return old;
  }
}

std::string EventReading::json_of(const Context& event) {
  const std::string bytes = bytes_of(event);
  const auto view = read_event(bytes);
  if (!view) throw std::logic_error{"an event that was handed over cannot be encoded"};
  auto known = this->known();
  const bool system = event.type().starts_with("reel.v1.");
  if (!system && known->schemas.find(event.type()) == nullptr) known = fetch_again();
  return known->with_json([&](const EventJson& json) {
    return json.write({.source = event.source(), .topic = event.topic(), .dataschema = event.type()}, *view,
                      {.offset = event.offset(), .log_time = event.recordedtime()});
  });
}

void EventReading::read(const std::function<bool(const EventJson&)>& read) {
  if (known()->with_json(read)) return;
  (void)fetch_again()->with_json(read);
}

}  // namespace reel::adapters
