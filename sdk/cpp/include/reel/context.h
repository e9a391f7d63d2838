// What a handler knows about the event it handles, and its only way to publish.
//
//   [](const shop::v1::OrderPlaced& order, reel::Context& flow) {
//     if (order.total_cents() < 0) throw reel::Reject{"negative total"};      // a dead letter at once
//     if (!bank.reachable()) throw reel::RetryAfter{5s, "bank not reachable"};
//     flow.publish("payment.captured", capture(order));                        // same flow, caused by this
//     event
//   }
//
// What is published here takes effect together with the event's ack, or not at all: when the handler throws,
// or its instance dies, nothing of it was published. The correlation id is copied and the causation id set;
// there is no way to forget them. A part that is a flow of its own says so: {.subflow = "parcel-7"}. Ids are
// derived from the cause, so doing the work twice makes one event.
//
// A Context belongs to one call of one handler, on the thread of that call.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reel/publisher.h"

namespace reel {

/// Thrown by a handler: this event can never be handled. It becomes a dead letter without further attempts.
class Reject : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Thrown by a handler: try again, but no sooner than `delay`.
class RetryAfter : public std::runtime_error {
 public:
  RetryAfter(std::chrono::milliseconds delay, const std::string& why)
      : std::runtime_error{why}, delay_{delay} {}
  [[nodiscard]] std::chrono::milliseconds delay() const { return delay_; }

 private:
  std::chrono::milliseconds delay_;
};

/// What a handler may say about an event it publishes. The cause is not among it.
struct EmitFields {
  /// Not empty: the event begins a flow of its own with this correlation id, a part of the one at hand. A
  /// definition of the whole waits for it with `{flow: NAME}` (docs/flows.md, Sub-flows).
  std::string subflow;
  /// Not given: the one of the event being handled.
  std::optional<std::string> partitionkey;
  std::string subject;
  std::uint64_t time = 0;  ///< producer's clock, ns since 1970; 0: now
  /// Handed over and of use when: as in PublishFields.
  std::uint64_t deliver_at = 0;
  std::chrono::nanoseconds after{0};
  std::uint64_t expires_at = 0;
  std::chrono::nanoseconds expires_after{0};
  std::string datacontenttype;
  Attributes attributes;
};

class Context {
 public:
  /// The event being handled. Views live as long as the call of the handler.
  [[nodiscard]] std::string_view topic() const;
  [[nodiscard]] std::string_view type() const;  ///< full name of the protobuf message in data()
  [[nodiscard]] std::string_view source() const;
  [[nodiscard]] std::string_view id() const;
  [[nodiscard]] std::string_view correlationid() const;
  [[nodiscard]] std::string_view causationid() const;
  [[nodiscard]] std::string_view partitionkey() const;
  [[nodiscard]] std::string_view subject() const;
  [[nodiscard]] std::string_view datacontenttype() const;
  [[nodiscard]] std::string_view traceparent() const;
  [[nodiscard]] std::string_view tracestate() const;
  [[nodiscard]] std::uint64_t time() const;  ///< producer's clock, ns since 1970
  [[nodiscard]] std::string_view data() const;
  [[nodiscard]] std::vector<std::pair<std::string_view, std::string_view>> attributes() const;

  /// Its place in the journal, and when the broker accepted it (ns since 1970).
  [[nodiscard]] std::uint64_t offset() const;
  [[nodiscard]] std::uint64_t recordedtime() const;
  /// From 1: failed attempts before this one, plus 1.
  [[nodiscard]] std::uint32_t attempt() const;
  /// An operator has it handled once more, whatever became of it before; or it was published by a handler of
  /// such an event. What is published here is marked so too: it arms no expectation. A handler that does what
  /// must not be done twice may look here.
  [[nodiscard]] bool replayed() const;
  /// It was a dead letter, and is tried again.
  [[nodiscard]] bool redriven() const;

  /// For handlers that may take longer than the service's ack_timeout: call it now and then, and the time
  /// begins anew, for this event and those that wait behind it. Without it the broker takes the event for
  /// lost and hands it out again.
  void in_progress();

  /// Publishes `event` in this flow, caused by the event being handled, once the handler returns. Returns its
  /// id. Throws std::invalid_argument where `topic` is not a topic, std::length_error where the event, or all
  /// that this handler published, is larger than the broker takes.
  std::string publish(std::string_view topic, const google::protobuf::Message& event,
                      const EmitFields& fields = {});
  /// The same for a payload that is bytes already; `type` is its protobuf message's full name.
  std::string publish(std::string_view topic, std::string_view type, std::string_view data,
                      const EmitFields& fields = {});

  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  class Impl;
  explicit Context(Impl& impl) : impl_{&impl} {}  // made by the SDK

 private:
  Impl* impl_;
};

}  // namespace reel
