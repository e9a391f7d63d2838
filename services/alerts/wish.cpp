#include "alerts/wish.h"

#include "event/batch.h"

namespace reel::alerts {

Wish::Wish(const std::string& when) {
  if (!when.empty()) pattern_ = EventPattern::compile(when, v1::Incident::descriptor()).pattern;
}

bool Wish::wants(const v1::Incident& incident) {
  if (!pattern_) return true;
  const std::string data = incident.SerializeAsString();
  RunHead head;
  head.source = "reel-tracker";
  head.topic = "reel.incident.opened";
  head.dataschema = "reel.v1.Incident";
  EventFields fields;
  fields.id = incident.id();
  fields.correlationid = incident.id();
  fields.data = data;
  std::string bytes;
  append_event(bytes, fields);
  const auto event = read_event(bytes);
  if (!event) return true;
  const std::lock_guard lock{mutex_};
  JudgedEvent judged{head, *event, parser_};
  return pattern_->matches(judged);
}

}  // namespace reel::alerts
