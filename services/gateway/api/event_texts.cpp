#include "gateway/api/event_texts.h"

#include "event/batch.h"

namespace reel::gateway {
namespace {

TopicTypes types_of(const v1::SchemasReply& reply) {
  TopicTypes types;
  for (const auto& topic : reply.topics()) types.emplace(topic.topic(), topic.type());
  return types;
}

/// What stands beside an event that is kept apart from its run.
template <class Row>
RunHead head_of(const Row& row) {
  return {.source = row.source(), .topic = row.topic(), .dataschema = row.dataschema(), .chosen_ids = false};
}

}  // namespace

// A schema that cannot be used leaves its payloads unreadable; the events are shown all the same.
KnownSchemas::KnownSchemas(const v1::SchemasReply& reply, std::size_t told_digest)
    : digest{told_digest}, schemas{schemas_of(reply.files()).schemas}, types{types_of(reply)} {}

std::shared_ptr<const KnownSchemas> EventTexts::known() {
  std::shared_ptr<const KnownSchemas> old;
  {
    const std::lock_guard guard{lock_};
    if (known_ && now_() - asked_at_ < schemas_age_max) return known_;
    asked_at_ = now_();  // one asks, and where nobody answers it is not one after the other who waits
    old = known_;
  }
  try {
    return ask_again();
  } catch (const NotReachable&) {
    if (!old) throw;
    return old;
  }
}

std::shared_ptr<const KnownSchemas> EventTexts::ask_again() {
  v1::Request request;
  request.mutable_schemas();
  const v1::SchemasReply told = bus_.ask_broker(std::move(request)).schemas();
  const auto digest = std::hash<std::string>{}(told.SerializeAsString());
  const std::lock_guard guard{lock_};
  if (!known_ || known_->digest != digest) known_ = std::make_shared<const KnownSchemas>(told, digest);
  return known_;
}

std::string EventWriter::write(const RunHead& head, std::string_view bytes, const RecordedAt& at) {
  const auto event = read_event(bytes);
  if (!event) return "null";
  learn_type(head.dataschema);
  return json_->write(head, *event, at);
}

void EventWriter::learn_type(std::string_view type) {
  std::shared_ptr<const KnownSchemas> known = known_ ? known_ : texts_.known();
  if (known->schemas.find(type) == nullptr && !asked_again_) {
    asked_again_ = true;
    known = texts_.ask_again();
  }
  if (known == known_) return;
  json_ = std::make_unique<EventJson>(known->schemas, known->types);
  known_ = std::move(known);
}

std::string event_in(const google::protobuf::Message& holder, const std::string& bytes, EventWriter& writer) {
  if (const auto* letter = dynamic_cast<const v1::DeadReply::Letter*>(&holder)) {
    // The event's own offset, where the failure may be that of a redelivery.
    const v1::Failure& failure = letter->failure();
    const std::uint64_t offset = failure.origin() != 0 ? failure.origin() : failure.offset();
    return writer.write(head_of(*letter), bytes, {.offset = offset, .log_time = letter->recordedtime()});
  }
  // One that is kept until it is due has no offset of its own yet.
  if (const auto* delayed = dynamic_cast<const v1::DelayedReply::Event*>(&holder))
    return writer.write(head_of(*delayed), bytes, {});
  return "null";
}

}  // namespace reel::gateway
