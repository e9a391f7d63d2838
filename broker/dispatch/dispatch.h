// Dispatch: which events one service gets now, and which of its instances gets them.
//
//   Dispatch dispatch{policy, window_events_max, seed};
//   dispatch.join(instance, credit_events, credit_bytes);
//   dispatch.offer(matching);              // up to room(); on commit, or read from the journal
//   for (const HandOver& one : dispatch.hand_over(now, max)) …          // after every change: send these
//   Settlement settled = dispatch.settle(instance, acks, nacks, now);   // into the report; ledger follows
//   Settlement expired = dispatch.expire(now);                          // at next_deadline()
//
// A sans-IO state machine, one per service. It is offered the matching events in offset order, hands them to
// instances that have credit, and is told how they were settled; it knows no sockets, payloads or clocks. The
// rules:
//   - Events of one key are with one instance at a time and are handed over in offset order. When one of them
//     fails, what was handed over behind it under the same key is taken back with it (not an attempt of
//     theirs; their next hand-over is another delivery), and the key waits until the retry is due; other keys
//     flow on. So an instance that says nack drops what it holds behind that event under that key.
//   - An instance holds at most its credit of events and bytes (a single event may exceed the bytes). Events
//     whose key nobody holds go to the instance with most credit left, in chunks.
//   - Every hand-over of an event has a new delivery number; an answer that names another is stale.
//   - A failed attempt is tried again after the policy's backoff, by another instance where there is one.
//     After the last one, after max_age, or a reject, the event is dead. Its key goes on, or by the policy
//     what is held of it is parked: it leaves too, as `parked`, and whoever offers keeps back what follows.
//   - An instance that leaves gives everything back. When it was lost rather than drained, an event that it
//     held may have killed it. Only the first of a key can have been in a handler; where there was one key
//     alone, its first event is charged an attempt. Otherwise each first event notes the loss, and those that
//     were there at two losses are suspects: they are handed out by themselves, a quarter of them at a time,
//     to an instance that holds nothing else, so that losses narrow down the culprit and the others go free.
//     With in_offset_order all comes again in that order, and no key has a share.
//   - The ack_timeout of an event runs from when it was handed over, or with an instance that tells what it
//     has begun, from when it says so: what waits there for a handler waits as long as the instance says so.
//     An instance whose handlers have all overstayed waits for nothing: what it has not begun is given back,
//     not an attempt, and it gets nothing new before it has answered something.
//   - Of an exclusive service only the instance that joined first gets anything.
//
// Limits. What is held counts against `window_events_max`, and that includes what queues up behind a retry or
// in a handler that hangs. spill() lets go of it, for whoever offers to keep it elsewhere and offer it late:
// so one key with many followers takes no room from others. Very many failing keys bring room() to 0 and the
// whole service to a halt until the retry is due. What is settled does not count, however far it is ahead of
// the oldest event. Memory: 48 bytes for each event held, as much again for holes, and up to 110 bytes for
// each key while there are several instances or retries. Measured with 100,000 events: 65 bytes for each, 250
// where all of them have failed, each on a key of its own.
//
// Not thread-safe. Times are log time; one that is earlier than the last counts as that one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/model.h"
#include "event/time_counts.h"
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
  // The rest is for a failure that was recovered, from its v1::Failure.
  std::uint32_t attempt = 1;    ///< the one that is next: the failed one and 1
  LogTime not_before = 0;       ///< its retry_at
  LogTime first_failed_at = 0;  ///< 0: not known
  std::uint32_t losses = 0;
  Offset origin = 0;  ///< of a redelivery: where the event itself stands
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

/// What an instance that tells says now and then: what its handlers are at, and between which offsets all
/// that it has not begun waits for one.
struct Begun {
  std::uint32_t busy = 0;           ///< handlers that run
  std::span<const AckRange> begun;  ///< with these, or kept from beginning by one that has overstayed
  Offset waits_from = 0;
  Offset waits_to = 0;  ///< inclusive; 0: nothing waits
};

struct Nack {
  Offset offset = 0;
  std::uint32_t delivery = 0;
  std::string error_type;
  std::string error;
  config::milliseconds delay{0};  ///< instead of the policy's backoff
  bool reject = false;
  bool expired = false;  ///< its expirytime passed: it is done with, and its key goes on whatever the policy
};

/// Held, and not to be handed over while a dead letter of its key is there.
struct ParkedEvent {
  Offset offset = 0;
  Offset origin = 0;  ///< where the event itself stands; the same as `offset` where it is no redelivery
  std::uint64_t key_hash = 0;
};

/// What was let go of one key, so that it leaves room for others: nothing was settled, and it is to be
/// offered again, late.
struct Spilled {
  std::uint64_t key_hash = 0;
  Offset behind = 0;  ///< what it waits for is held here, or before
  std::vector<ParkedEvent> events;
};

/// What settling, expiring or leaving brought about, for the ledger.
struct Settlement {
  std::vector<v1::OffsetRange> acked;
  std::vector<v1::Failure> failures;   ///< nacked, expired, lost and dead ones
  std::vector<ParkedEvent> parked;     ///< by key, in offset order
  std::vector<v1::OffsetRange> stale;  ///< answers without effect
  std::vector<HandOver> taken_back;    ///< unasked, from instances that tell what they have begun
  /// Attempts that failed, be it the last one: nacked or timed out, and not rejected. What is rejected says
  /// something of the event, the others may say something of the service.
  std::size_t failed_attempts = 0;
};

class Dispatch {
 public:
  /// Longest error_type and error that are kept of a nack; the rest is cut off. Long enough for a message
  /// and the frames that matter, short enough to keep 100,000 of them.
  static constexpr std::size_t error_type_bytes_max = 256;
  static constexpr std::size_t error_bytes_max = 1024;
  /// Deliveries of one event that are answered at once: a late answer may be in one frame with that to the
  /// next delivery, or to the one behind it. Of more of them the rest is stale.
  static constexpr std::size_t overlaps_max = 8;
  /// What the dispatch itself reports: no answer within ack_timeout; the instance was lost.
  static constexpr const char* ack_timeout_error = "ack_timeout";
  static constexpr const char* consumer_lost_error = "consumer_lost";

  /// `window_events_max` bounds what is held: waiting, in flight and retrying together. `seed` is for the
  /// backoff's jitter. `told_within`: an instance that is there and tells what it has begun has said so
  /// within this; ack_timeout where that is longer.
  Dispatch(const config::Service& policy, std::size_t window_events_max, std::uint64_t seed,
           LogTime told_within = 0);
  ~Dispatch();
  Dispatch(Dispatch&&) noexcept;
  Dispatch& operator=(Dispatch&&) noexcept;

  /// What the policy says of time, attempts and how many may be in flight holds from here on, also for what
  /// is held; whether it parks and is exclusive stays as it was.
  void set_policy(const config::Service& policy);

  /// How many more offers are taken now.
  [[nodiscard]] std::size_t room() const;
  /// Takes up to room() events; offsets ascend from call to call.
  void offer(std::span<const Offer> events);
  /// Takes up to room() events whose offsets ascend, and are behind all that is held of their keys. A walk
  /// over the whole window.
  void offer_late(std::span<const Offer> events);
  /// Of each key whose first event is tried again, or has been with its instance for `patience`, lets go of
  /// what waits behind and was never handed over, where that is more than `more_than` events. A walk over the
  /// whole window.
  [[nodiscard]] std::vector<Spilled> spill(LogTime now, LogTime patience, std::size_t more_than);
  /// Whether the event at `offset` is held, and what follows it under its key could not be handed over: it
  /// waits itself, or its instance may have no more, of this key or at all.
  [[nodiscard]] bool keeps_back(Offset offset);

  /// The instance takes part from now on; for one that does already, the credit changes. What it holds
  /// beyond a smaller credit stays with it.
  void join(InstanceId instance, std::uint32_t credit_events, std::uint32_t credit_bytes,
            bool tells_begun = false);
  /// The instance is gone; nothing happens where it never was. `lost`: without a word, so the heads of its
  /// keys count as attempted; they may be handed over again at once.
  [[nodiscard]] Settlement leave(InstanceId instance, bool lost, LogTime now);

  /// Whether this delivery is still this instance's to settle.
  [[nodiscard]] bool holds(InstanceId instance, Offset offset, std::uint32_t delivery) const;
  /// Counts what was taken back from instances: while it stands still, what was handed over is held or
  /// answered.
  [[nodiscard]] std::uint64_t given_back() const;
  /// What an instance answers: acks take effect first, then nacks in offset order. Anything may come in: what
  /// is not held by the instance under that delivery number is stale and changes nothing. The work is bounded
  /// by the window, whatever the ranges say.
  [[nodiscard]] Settlement settle(InstanceId instance, std::span<const AckRange> acks,
                                  std::span<const Nack> nacks, LogTime now);

  /// These are still being handled: their ack_timeout begins anew. What the instance does not hold is
  /// ignored.
  void extend(InstanceId instance, std::span<const AckRange> events, LogTime now);

  /// What an instance that tells says. Anything may come in, as with settle().
  void told(InstanceId instance, const Begun& said, LogTime now);

  /// A retry need not wait any longer. False where the event is none that waits.
  [[nodiscard]] bool retry_now(Offset offset);
  /// The event is dead without another attempt, as somebody has decided. False where it is not held, or is in
  /// flight; `settlement` gets what is parked behind it, not the failure, whose error the ledger knows.
  [[nodiscard]] bool give_up(Offset offset, Settlement& settlement);

  /// The event is no longer wanted: nothing more is owed for it, unless it is in flight.
  void withdraw(Offset offset);

  /// Takes back what has had no answer within ack_timeout (reached counts as exceeded).
  [[nodiscard]] Settlement expire(LogTime now);
  /// When expire() and hand_over() have something to do next; nothing when no time matters.
  [[nodiscard]] std::optional<LogTime> next_deadline() const;

  /// What is to be handed over now, at most `max`: grouped by instance, in offset order in each group. From
  /// here on these are in flight.
  [[nodiscard]] std::vector<HandOver> hand_over(LogTime now, std::size_t max);

  /// How an event held stands, be it for itself or as a redelivery of it.
  struct Held {
    enum class State : std::uint8_t { waiting, retrying, in_flight };
    State state = State::waiting;
    Offset offset = 0;  ///< its own or the redelivery's
    std::uint32_t attempt = 1;
    InstanceId instance{};  ///< in flight: who has it, and since when
    LogTime since = 0;
  };
  [[nodiscard]] std::optional<Held> find(Offset event) const;

  /// The oldest event held, which is the oldest unsettled one of all that were offered; nothing when none is.
  [[nodiscard]] std::optional<Offset> oldest() const;
  /// The oldest event that waits for a handler and for nothing else: for an instance's credit, or in the
  /// queue of one that tells what it has begun. Not what is tried again, nor what stands behind another of
  /// its key, as far as that is known here. Nothing where there is none. May walk over the whole window.
  [[nodiscard]] std::optional<Offset> oldest_waiting() const;
  /// The oldest event that a redelivery held is about; nothing where none is.
  [[nodiscard]] std::optional<Offset> oldest_origin() const;
  [[nodiscard]] std::size_t held() const;  ///< waiting, in flight and retrying
  [[nodiscard]] std::size_t in_flight(InstanceId instance) const;
  [[nodiscard]] std::size_t in_flight() const;
  /// How many attempts there are for an event whose last one failed like that.
  [[nodiscard]] std::uint32_t attempts(std::string_view error_type) const;
  /// Not in flight and with failed attempts behind them, due or not.
  [[nodiscard]] std::size_t retrying() const;
  /// From handing over to the ack, of what was acked.
  [[nodiscard]] const TimeCounts& handling() const;
  /// No event offered so far has not been handed over at least once.
  [[nodiscard]] bool drained() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace reel::broker
