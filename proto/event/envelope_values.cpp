#include "event/envelope_values.h"

#include "event/rfc3339.h"

namespace reel {

const google::protobuf::Message* JudgedEvent::payload() {
  if (!parsed_) {
    parsed_ = true;
    payload_ = parser_.parse(head_.dataschema, event_.data);
  }
  return payload_;
}

namespace pattern {
namespace {

bool show_attribute_text(std::string_view text, ValueVisitor& visitor) {
  if (text.empty()) return false;  // absent
  Leaf leaf;
  leaf.text = text;
  return visitor.leaf(leaf);
}

void show_time(std::uint64_t time, ValueVisitor& visitor) {
  if (time != 0) (void)show_attribute_text(rfc3339(time), visitor);
}

void show_further(const EventView& event, std::string_view name, ValueVisitor& visitor) {
  if (!event.has_attributes) return;
  for (const auto& attribute : attributes_of(event.bytes)) {
    if (attribute.name != name) continue;
    Leaf leaf;  // one that is given is there, even when it is empty
    leaf.text = attribute.value;
    (void)visitor.leaf(leaf);
    return;
  }
}

}  // namespace

void show_attribute(EnvelopeField field, std::string_view name, JudgedEvent& judged, ValueVisitor& visitor) {
  const auto& event = judged.event();
  switch (field) {
    case EnvelopeField::none:
    case EnvelopeField::further: return show_further(event, name, visitor);
    case EnvelopeField::data:
      if (const auto* const payload = judged.payload()) (void)show_message(*payload, visitor);
      return;
    case EnvelopeField::specversion: return void(show_attribute_text("1.0", visitor));
    case EnvelopeField::id: return void(show_attribute_text(event.id, visitor));
    case EnvelopeField::source: return void(show_attribute_text(judged.head().source, visitor));
    case EnvelopeField::type: return void(show_attribute_text(judged.head().topic, visitor));
    case EnvelopeField::subject: return void(show_attribute_text(event.subject, visitor));
    case EnvelopeField::time: return show_time(event.time, visitor);
    case EnvelopeField::datacontenttype: {
      const bool given = !event.datacontenttype.empty();
      return void(show_attribute_text(given ? event.datacontenttype : "application/protobuf", visitor));
    }
    case EnvelopeField::dataschema: return void(show_attribute_text(judged.head().dataschema, visitor));
    case EnvelopeField::correlationid: return void(show_attribute_text(event.correlationid, visitor));
    case EnvelopeField::causationid: return void(show_attribute_text(event.causationid, visitor));
    case EnvelopeField::partitionkey: return void(show_attribute_text(event.partitionkey, visitor));
    case EnvelopeField::traceparent: return void(show_attribute_text(event.traceparent, visitor));
    case EnvelopeField::tracestate: return void(show_attribute_text(event.tracestate, visitor));
    case EnvelopeField::delivertime: return show_time(event.delivertime, visitor);
    case EnvelopeField::expirytime: return show_time(event.expirytime, visitor);
    case EnvelopeField::replayed: {
      Leaf leaf;
      leaf.flag = event.replayed;
      (void)visitor.leaf(leaf);
    }
  }
}

}  // namespace pattern
}  // namespace reel
