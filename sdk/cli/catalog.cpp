#include "cli/catalog.h"

#include <spdlog/fmt/fmt.h>

#include "cli/inquiry.h"
#include "event/nearest_name.h"
#include "event/quoted_text.h"
#include "event/system_topics.h"
#include "event/topic.h"

namespace reel::cli {
namespace {

TopicTypes types_of(const v1::SchemasReply& reply) {
  TopicTypes types;
  for (const auto& topic : reply.topics()) types.emplace(topic.topic(), topic.type());
  return types;
}

}  // namespace

Catalog Catalog::fetch(const Globals& globals) {
  v1::Request request;
  request.mutable_schemas();
  return Catalog{ask_broker(globals, request).schemas()};
}

// A schema that cannot be used leaves its payloads unreadable; the events are shown all the same.
Catalog::Catalog(const v1::SchemasReply& reply)
    : schemas_{std::make_shared<const SchemaSet>(schemas_of(reply.files()).schemas)},
      json_{*schemas_, types_of(reply)} {
  for (const auto& topic : reply.topics()) durable_.emplace(topic.topic(), topic.durable());
  for (const auto& topic : system_topics) durable_.emplace(topic.topic, true);
}

std::optional<std::string> Catalog::unheard(std::string_view pattern, bool live) const {
  if (check_topic(pattern)) return std::nullopt;  // not one topic
  const auto found = durable_.find(pattern);
  if (found == durable_.end()) {
    std::vector<std::string_view> names;
    for (const auto& [topic, durable] : durable_) names.push_back(topic);
    return fmt::format("unknown topic {}{}", in_quotes(pattern), did_you_mean(pattern, names));
  }
  if (!live && !found->second) return fmt::format("{} is live only: use --live", pattern);
  return std::nullopt;
}

EventDraft Catalog::draft(std::string_view topic, std::string_view json) const {
  if (is_system_topic(topic)) {
    throw Refused{v1::REFUSAL_SYSTEM_TOPIC,
                  fmt::format("topic '{}' is the system's own: it alone publishes there", shown(topic))};
  }
  ReadDraft read = json_.read_data(topic, json);
  if (!read.event) throw Refused{read.reason, shown(read.error)};
  return *std::move(read.event);
}

std::string Catalog::event_json(const StreamEvent& event) const {
  const auto view = read_event(event.bytes);
  if (!view) return "{}";  // the SDK has read these very bytes
  return json_.write(
      {.source = event.source, .topic = event.topic, .dataschema = event.dataschema, .chosen_ids = false},
      *view, {.offset = event.offset, .log_time = event.recordedtime});
}

std::string Catalog::payload_text(std::string_view type, std::string_view data) const {
  if (const auto json = json_.write_data(type, data)) return shown(*json);
  return fmt::format("{} bytes of {}", data.size(), shown(type));
}

}  // namespace reel::cli
