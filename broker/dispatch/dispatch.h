// Dispatch: which events one service gets now, and which of its instances gets them.
//
// A sans-IO state machine, one per service. It is offered the matching events in offset order, hands them to
// instances that have credit, and is told how they were settled; it knows no sockets, payloads or clocks. The
// rules:
//   - Events of one key are with one instance at a time and are handed over in offset order. When one of them
//     fails, what was handed over behind it under the same key is taken back with it, and the key waits until
//     the retry is due; other keys flow on.
//   - An instance holds at most its credit of events and bytes (a single event may exceed the bytes).
//   - Every hand-over of an event has a new delivery number; an answer that names another is stale.
//   - A failed attempt is tried again after the policy's backoff; after the last one, or a reject, the event
//   is
//     dead and its key goes on.
//   - An instance that leaves gives everything back. The first event of each of its keys counts as attempted
//     when it was lost rather than drained: it may be what killed the instance.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/model.h"
#include "journal/stored_batch.h"
#include "reel/v1/ledger.pb.h"

namespace reel::broker {

/// An instance of the service, for as long as its session lasts.
enum class InstanceId : std::uint32_t {};

/// A matching event, as dispatch knows it.
struct Offer {
  Offset offset = 0;
  std::uint64_t key_hash = 0;
  std::uint32_t bytes = 0;
  std::uint32_t attempt = 1;  ///< more than 1 when recovered after failures
  LogTime not_before = 0;     ///< the retry time of a recovered failure
};

/// An event that is to be handed to an instance now.
struct HandOver {
  InstanceId instance{};
  Offset offset = 0;
  std::uint32_t delivery = 0;
  std::uint32_t attempt = 0;
};

struct AckRange {
  Offset first = 0;
  std::uint32_t count = 0;
  std::uint32_t delivery = 0;
};

struct Nack {
  Offset offset = 0;
  std::uint32_t delivery = 0;
  std::string error_type;
  std::string error;
  config::milliseconds delay{0};
  bool reject = false;
};

/// What settling, expiring or leaving brought about, for the ledger.
struct Settlement {
  std::vector<v1::OffsetRange> acked;
  std::vector<v1::Failure> failures;   ///< nacked, expired, lost and dead ones
  std::vector<v1::OffsetRange> stale;  ///< answers without effect
};

class Dispatch {
 public:
  /// `window_events_max` bounds what is held: waiting, in flight and retrying together.
  Dispatch(config::Service policy, std::size_t window_events_max, std::uint64_t jitter_seed);
  ~Dispatch();

  /// How many more offers are taken now.
  [[nodiscard]] std::size_t room() const;
  /// Takes up to room() events; offsets ascend from call to call.
  void offer(std::span<const Offer> events);

  void join(InstanceId instance, std::uint32_t credit_events, std::uint32_t credit_bytes);
  /// The instance is gone. `lost`: without a word, so the heads of its keys count as attempted.
  [[nodiscard]] Settlement leave(InstanceId instance, bool lost, LogTime now);

  /// Whether this delivery is still this instance's to settle.
  [[nodiscard]] bool holds(InstanceId instance, Offset offset, std::uint32_t delivery) const;
  [[nodiscard]] Settlement settle(InstanceId instance, std::span<const AckRange> acks,
                                  std::span<const Nack> nacks, LogTime now);

  /// Takes back what has had no answer within ack_timeout.
  [[nodiscard]] Settlement expire(LogTime now);
  /// When expire() or a retry is due next; nothing when no time matters.
  [[nodiscard]] std::optional<LogTime> next_deadline() const;

  /// What is to be handed over now, in offset order per instance, at most `max`. From here on these are in
  /// flight.
  [[nodiscard]] std::vector<HandOver> hand_over(LogTime now, std::size_t max);

  /// The oldest event held, which is the oldest unsettled one of all that were offered; nothing when none is.
  [[nodiscard]] std::optional<Offset> oldest() const;
  [[nodiscard]] std::size_t held() const;  ///< waiting, in flight and retrying
  [[nodiscard]] std::size_t in_flight(InstanceId instance) const;
  [[nodiscard]] std::size_t in_flight() const;
  [[nodiscard]] std::size_t retrying() const;
  /// No event offered so far has not been handed over at least once.
  [[nodiscard]] bool drained() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace reel::broker
