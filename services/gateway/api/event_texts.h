// Encoded events as CloudEvents JSON, by the schemas that the broker has.
//
//   EventTexts texts{bus};          // one for all
//   EventWriter writer{texts};      // one for each answer
//   writer.write({.source = "orders", .topic = "order.placed", .dataschema = "shop.v1.OrderPlaced"}, bytes,
//   {})
//     -> {"specversion":"1.0","type":"order.placed",…,"data":{"orderId":"order-7"}}
//
// The schemas are asked for when they are first needed, and again when an event's type is not among them, at
// most once for an answer: who publishes unknown types costs the broker one question, not a thousand.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "event/event_json.h"
#include "event/schema_set.h"
#include "gateway/bus.h"

namespace reel::gateway {

/// The schemas as the broker told them at one time.
struct KnownSchemas {
  explicit KnownSchemas(const v1::SchemasReply& reply);
  SchemaSet schemas;
  TopicTypes types;
};

/// For any thread.
class EventTexts {
 public:
  explicit EventTexts(Bus& bus) : bus_{bus} {}

  /// What the broker told last; asked for where nothing is known yet. Throws NotReachable.
  [[nodiscard]] std::shared_ptr<const KnownSchemas> known();
  /// Asked for anew.
  [[nodiscard]] std::shared_ptr<const KnownSchemas> ask_again();

 private:
  Bus& bus_;
  std::mutex lock_;  // guards the pointer only: nobody waits for the broker under it
  std::shared_ptr<const KnownSchemas> known_;
};

/// Writes the events of one answer. For one thread.
class EventWriter {
 public:
  explicit EventWriter(EventTexts& texts) : texts_{texts} {}

  /// "null" where the bytes are no event. Throws NotReachable where the schemas cannot be had.
  [[nodiscard]] std::string write(const RunHead& head, std::string_view bytes, const RecordedAt& at);

 private:
  void learn_type(std::string_view type);

  EventTexts& texts_;
  std::shared_ptr<const KnownSchemas> known_;
  std::unique_ptr<EventJson> json_;
  bool asked_again_ = false;
};

/// An EventText (message_json.h) for dead letters, retries and delayed events.
[[nodiscard]] std::string event_in(const google::protobuf::Message& holder, const std::string& bytes,
                                   EventWriter& writer);

}  // namespace reel::gateway
