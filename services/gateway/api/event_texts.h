// Encoded events as CloudEvents JSON, by the schemas that the broker has.
//
//   EventTexts texts{bus};          // one for all
//   EventWriter writer{texts};      // one for each answer
//   writer.write({.source = "orders", .topic = "order.placed", .dataschema = "shop.v1.OrderPlaced"}, bytes,
//   {})
//     -> {"specversion":"1.0","type":"order.placed",…,"data":{"orderId":"order-7"}}
//
// The schemas are asked for when they are first needed, again when they are ten seconds old, since a type may
// change under its name, and when an event's type is not among them, at most once for an answer: who
// publishes unknown types costs the broker one question, not a thousand. The same answer is the same schemas.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "event/event_json.h"
#include "event/schema_set.h"
#include "gateway/bus.h"

namespace reel::gateway {

/// So long the broker's schemas are taken to be what they were.
inline constexpr std::chrono::seconds schemas_age_max{10};

/// The schemas as the broker told them at one time.
struct KnownSchemas {
  KnownSchemas(const v1::SchemasReply& reply, std::size_t told_digest);
  std::size_t digest;
  SchemaSet schemas;
  TopicTypes types;
};

/// For any thread.
class EventTexts {
 public:
  using Clock = std::chrono::steady_clock;
  explicit EventTexts(Bus& bus, std::function<Clock::time_point()> now = Clock::now)
      : bus_{bus}, now_{std::move(now)} {}

  /// What the broker told last; asked for where nothing is known yet, or for long. Throws NotReachable.
  [[nodiscard]] std::shared_ptr<const KnownSchemas> known();
  /// Asked for anew.
  [[nodiscard]] std::shared_ptr<const KnownSchemas> ask_again();

 private:
  Bus& bus_;
  const std::function<Clock::time_point()> now_;
  std::mutex lock_;  // guards the following only: nobody waits for the broker under it
  Clock::time_point asked_at_;
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
