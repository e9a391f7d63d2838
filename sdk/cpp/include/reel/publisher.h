// A publisher starts flows: it puts events on the bus that no other event caused.
//
//   reel::Publisher shop{"webshop"};
//   shop::v1::OrderPlaced order = …;
//   const auto result = shop.publish("order.placed", order, {.correlationid = order.order_id()});
//   if (!result.ok()) std::cerr << to_string(result.outcome) << ": " << result.text << '\n';
//
// Inside a handler publish through the handler's reel::Context instead, which keeps the flow together.
//
// Events go out in the order of the calls. What is queued while the last frame was on its way travels as one
// frame; an event on an idle connection is sent at once, by the thread that publishes it. After a lost
// connection unanswered events are sent again and recognised by the broker, so none is accepted twice. All
// methods may be called from any thread, but not from a process forked after it was made; it must not be
// destroyed in a callback of its own.
//
// With Options::spool a publisher needs no broker to be there: what it publishes while none answers is
// `spooled`, on this machine's disk, and goes to the broker before anything newer once one answers, in this
// program or in the next that opens the spool. A spooled event that the broker then refuses is counted as
// `rejected` and logged (`spooled_event_refused`); spooled events are recognised by their ids when they are
// sent again, for as long as the broker's dedup_window. publish() returns once the disk has the event; what
// publish_async() spools survives the program at once, and a power cut from the next flush() on.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reel/options.h"
#include "reel/outcome.h"

namespace google::protobuf {
class Message;
}

namespace reel {

/// Name and value of attributes beyond the named ones.
using Attributes = std::vector<std::pair<std::string, std::string>>;

/// What may be said about an event besides its topic and payload.
struct PublishFields {
  /// Chosen by the caller: a second event with the same source and id is a `duplicate`. Not given: a UUID.
  std::optional<std::string> id;
  /// The flow it belongs to. Not given: a new one, named by the event's own generated id.
  std::optional<std::string> correlationid;
  /// The event that made this one happen; empty for the first of a flow.
  std::string causationid;
  /// Events of one key are handled in order. Empty: the correlation id.
  std::string partitionkey;
  std::string subject;
  /// Producer's clock, ns since 1970; 0: now.
  std::uint64_t time = 0;
  /// Not to be handed to anybody before this time, ns since 1970, or before so long from now; 0: at once. The
  /// broker keeps the event meanwhile, however long that is (`reel delayed` lists it).
  std::uint64_t deliver_at = 0;
  std::chrono::nanoseconds after{0};
  /// Of no use from this time on, ns since 1970, or from so long after it could be handed over; 0: always of
  /// use. A service that has not handled it by then never will.
  std::uint64_t expires_at = 0;
  std::chrono::nanoseconds expires_after{0};
  std::string datacontenttype;
  std::string traceparent;
  std::string tracestate;
  Attributes attributes;
  /// Who made it. Empty: this publisher, "name/instance". Choose one where chosen ids must be recognised
  /// across instances.
  std::string source;
};

/// An event as bytes, for callers that have no generated message. Views: they need to live only until the
/// call returns. The meaning of each is that of PublishFields.
struct Outgoing {
  std::string_view topic;
  /// Full name of the protobuf message in `data`.
  std::string_view type;
  std::string_view data;
  std::optional<std::string_view> id;
  std::optional<std::string_view> correlationid;
  std::string_view causationid;
  std::string_view partitionkey;
  std::string_view subject;
  std::uint64_t time = 0;
  std::uint64_t deliver_at = 0;
  std::chrono::nanoseconds after{0};
  std::uint64_t expires_at = 0;
  std::chrono::nanoseconds expires_after{0};
  std::string_view datacontenttype;
  std::string_view traceparent;
  std::string_view tracestate;
  std::span<const std::pair<std::string, std::string>> attributes;
  std::string_view source;
};

/// Called exactly once per event, on a thread of the connection's, one at a time, or inside publish_async
/// where the outcome is known at once. Must be quick; may publish, but not wait.
using PublishCallback = std::function<void(const PublishResult&)>;

/// Counts since the publisher was made.
struct PublisherCounts {
  std::uint64_t accepted = 0;
  std::uint64_t duplicate = 0;
  std::uint64_t rejected = 0;
  std::uint64_t unavailable = 0;
  std::uint64_t back_pressured = 0;
  std::uint64_t unanswered = 0;   ///< queued or sent, not answered yet
  std::uint64_t spooled = 0;      ///< on disk now, not answered yet
  std::uint64_t unconfirmed = 0;  ///< sent, then given up: the broker that came back takes less at a time
};

class Publisher {
 public:
  /// `name` is the service these events come from: letters, digits, '-', '_', '.', up to 128 bytes. Connects
  /// in the background; a broker need not be there yet. Throws std::runtime_error where the spool cannot be
  /// used.
  explicit Publisher(std::string name, Options options = {});
  /// Sends what is queued, waits at most drain_timeout for the answers, says goodbye. Callbacks still
  /// outstanding then hear `unconfirmed` or `not_connected`; with a spool everything goes there instead.
  ~Publisher();
  Publisher(const Publisher&) = delete;
  Publisher& operator=(const Publisher&) = delete;

  /// Waits for the broker's answer, at most publish_timeout; with a spool for the first broker to answer as
  /// long, and later for none. `not_connected` and `back_pressured` mean that
  /// the event was not kept; `unconfirmed` means that it is still being offered.
  PublishResult publish(std::string_view topic, const google::protobuf::Message& event,
                        const PublishFields& fields = {});
  PublishResult publish(const Outgoing& event);

  /// Queues the event and returns; it is kept across reconnects until it is answered. False where it was not
  /// queued and the callback has heard why: most likely `back_pressured`. Without a callback, which costs as
  /// much as all the rest of an event, the outcome only shows in counts().
  bool publish_async(const Outgoing& event, PublishCallback callback = {});
  bool publish_async(std::string_view topic, const google::protobuf::Message& event,
                     const PublishFields& fields = {}, PublishCallback callback = {});

  /// Waits, after `back_pressured`, until half of the buffer is free. False when `timeout` passed first.
  [[nodiscard]] bool wait_for_room(std::chrono::milliseconds timeout);
  /// Waits until everything queued before the call is answered, at most `timeout`; what is in the spool, too.
  /// Returns how many events still are not.
  std::size_t flush(std::chrono::milliseconds timeout);

  [[nodiscard]] PublisherCounts counts() const;

  class Impl;

 private:
  friend class Service;
  explicit Publisher(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace reel
