// The deliveries of one service: where each event of its window stands, and the steps between.
//
//     waiting ──hand──▶ in flight ──ack──▶ settled
//        ▲  ▲               │
//        │  └──give back────┤                        GivenBack::returned, GivenBack::again
//     retrying ◀────────────┤ (until it is due)      GivenBack::later
//                           └────────────▶ settled   GivenBack::dead
//
// Keeps window, lanes, credit, deadlines and counters in agreement; it does not decide who gets what
// (Assignment does) nor what a failure leads to (Dispatch does).
//
// Lanes cost a hash look-up per event, and mostly nobody needs them: a single instance that nothing fails at
// may have everything in offset order. So they are built from the window when a second instance or a failure
// comes or a key has its share of the credit (key_shares.h), and dropped when they have been idle for as long
// as building them took. Without lanes, `scan` is the cursor: what is unsettled before it is in flight. With
// lanes it is `fresh`: what lies before it is in its key's lane, what lies behind was never looked at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <queue>
#include <span>
#include <unordered_map>
#include <vector>

#include "dispatch/deadlines.h"
#include "dispatch/dispatch.h"
#include "dispatch/instances.h"
#include "dispatch/key_lanes.h"
#include "dispatch/window.h"

namespace reel::broker {

/// What becomes of an event that its instance gives back.
enum class GivenBack : std::uint8_t {
  returned,  ///< to be handed over again, as if it never had been
  noted,     ///< as returned, but that an instance was lost with it is remembered
  again,     ///< a failed attempt; to be handed over again at once
  later,     ///< a failed attempt; to be handed over again when it is due
  dead,      ///< settled
};

class Deliveries {
 public:
  /// `told_within`: an instance that is there and tells what it has begun has said so within this.
  Deliveries(std::uint64_t seed, LogTime ack_timeout, bool exclusive, bool in_offset_order = false,
             LogTime told_within = 0);

  /// Also for what is in flight: it has so much from when its time began.
  void set_ack_timeout(LogTime ack_timeout, LogTime told_within);

  [[nodiscard]] const Window& window() const { return window_; }
  [[nodiscard]] Instances& instances() { return instances_; }
  [[nodiscard]] const Instances& instances() const { return instances_; }

  /// Of a known instance, changes the credit, and with it how much of that its keys may have.
  void join(InstanceId instance, std::uint32_t credit_events, std::uint32_t credit_bytes,
            bool tells_begun = false);
  void offer(const Offer& event);
  /// These stand before some that are held, but before none of their own keys.
  void offer_late(std::span<const Offer> events);
  /// Of each key whose first event is tried again, or has been with its instance for `patience`, lets go of
  /// what waits behind it and was never handed over, where that is more than `more_than`.
  [[nodiscard]] std::vector<Spilled> spill(LogTime now, LogTime patience, std::size_t more_than);
  /// Makes retries that are due at `now` ready to be handed over.
  void wake_retries(LogTime now);
  /// A waiting event is in flight from here on. With lanes, it is its lane's first one left behind or is
  /// behind all of the lane's.
  void hand(Position position, Slot slot, LogTime now);
  /// What is in flight is settled.
  void ack(Position position);
  /// What is in flight is given back, and what the instance holds behind it under its key goes with it.
  /// `retry_at` counts for GivenBack::later only. Needs lanes. `taken`, where it is given, gets what was so
  /// taken from an instance that tells what it has begun.
  void give_back(Position position, GivenBack as, LogTime now, LogTime retry_at,
                 std::vector<HandOver>* taken = nullptr);
  /// What waits or is to be tried again is settled without having been handed over.
  void drop(Position position);
  /// Drops everything held under the key of what stands at `position`, and says what that was. Needs lanes,
  /// from before that was settled.
  void drop_key(Position position, std::vector<ParkedEvent>& dropped);
  /// What is in flight, and with it what waits its turn behind it under its key, need not be answered before
  /// a whole ack_timeout from now. Needs lanes.
  void extend(Position position, LogTime now);
  /// What is in flight is with a handler: its ack_timeout begins, unless it has.
  void begin(Position position, LogTime now);
  /// What is in flight was looked into, and waits for a handler: it is looked into again later.
  void await(Position position, LogTime now);
  /// A retry is due at once.
  void hurry(Position position);
  /// Everything that `slot` holds is given back as if it never had been handed over. Needs no lanes.
  void return_all(Slot slot);
  /// The next event in flight whose answer is overdue at `now`.
  [[nodiscard]] std::optional<Position> take_overdue(LogTime now) {
    return deadlines_.take_due(window_, now);
  }
  /// The next event in flight that should have begun at `now`, if it ever will.
  [[nodiscard]] std::optional<Position> take_unbegun(LogTime now) { return unbegun_.take_due(window_, now); }
  /// How long what has not begun is left alone: an instance that is there has spoken meanwhile.
  [[nodiscard]] LogTime begins_within() const { return begins_within_; }
  /// It is tried again, or has been with its instance for `patience`, which may have no more of its key.
  [[nodiscard]] bool lasts(const Entry& entry, LogTime now, LogTime patience);
  /// In flight, with an instance that may have no more behind it, of its key or at all.
  [[nodiscard]] bool is_last_for_now(const Entry& entry) {
    return !may_follow(entry, entry.holder) || !instances_.at(entry.holder).fits(entry.bytes);
  }
  /// To be called after a change that settled or gave back: moves positions.
  void tidy();

  [[nodiscard]] bool is_held_by(Position position, Slot slot, std::uint32_t delivery) const {
    const Entry& entry = window_.at(position);
    return entry.state == EntryState::in_flight && entry.holder == slot && entry.delivery == delivery;
  }
  /// When the event first failed; `now` where it has not yet.
  [[nodiscard]] LogTime first_failed_at(Offset offset, LogTime now) const;
  /// Of a redelivery, where the event itself stands; 0 where it is none.
  [[nodiscard]] Offset origin(Offset offset) const;
  [[nodiscard]] std::optional<Offset> oldest_origin() const;
  /// The redelivery held of this event; the newest of several.
  [[nodiscard]] std::optional<Offset> redelivery_of(Offset event) const;
  /// When what is in flight was handed over.
  [[nodiscard]] LogTime handed_at(const Entry& entry) const;
  [[nodiscard]] std::optional<LogTime> next_deadline() const;

  [[nodiscard]] std::size_t held() const { return held_; }
  [[nodiscard]] std::size_t in_flight() const { return in_flight_; }
  [[nodiscard]] std::size_t retrying() const { return retrying_; }
  [[nodiscard]] std::size_t never_handed() const { return never_handed_; }
  /// How often something that was in flight was taken from its holder without an answer of its own, ever.
  [[nodiscard]] std::uint64_t given_back() const { return given_back_; }
  /// Entries that extend() and drop_key() have come by, ever: what they cost, for tests.
  [[nodiscard]] std::uint64_t walked() const { return walked_; }

  // ---- lanes

  [[nodiscard]] bool has_lanes() const { return has_lanes_; }
  /// A single instance may have everything in order: nobody waits for a retry, and nothing must be alone.
  [[nodiscard]] bool needs_lanes() const {
    return instances_.count() > 1 || !retries_.empty() || suspects_held_ > 0;
  }
  void build_lanes();
  void drop_lanes_if_idle();
  void drop_lanes();
  [[nodiscard]] KeyLanes& lanes() { return lanes_; }
  /// Lanes that hold nothing in flight and may be given to anybody.
  [[nodiscard]] LaneQueue& unbound() { return unbound_; }
  /// Lanes whose next event is a suspect.
  [[nodiscard]] LaneQueue& suspects() { return suspects_; }
  [[nodiscard]] bool in_offset_order() const { return in_offset_order_; }
  [[nodiscard]] std::size_t suspects_held() const { return suspects_held_; }
  /// Whether what waits stands behind another of its key, as far as the cursor has come.
  [[nodiscard]] bool waits_for_its_key(Position position) const {
    if (!has_lanes_ || position >= fresh) return false;
    const Lane& lane = lanes_.at(window_.at(position).lane);
    return lane.in_flight.events > 0 || lane.next_up != position;
  }
  /// Strings what the cursor has come to behind its lane's others.
  void append(LaneId lane, Position position) { lanes_.append(lane, window_, position); }
  /// Whether the instance may be handed this one behind what it holds of its key. Without lanes it says no
  /// too early now and then, never too late.
  [[nodiscard]] bool may_follow(const Entry& entry, Slot slot) {
    const Share& key = has_lanes_ ? lanes_.at(entry.lane).in_flight : shares_.of(entry.key_hash);
    return instances_.at(slot).lets_follow(key, entry.bytes);
  }
  /// Puts a lane where it belongs after a change to what it has in flight or left behind; closes it where it
  /// has neither.
  void place(LaneId lane);

  Position scan = 0;   ///< without lanes: where the next waiting event is looked for
  Position fresh = 0;  ///< first position that was never looked at

 private:
  struct Retry {
    LogTime due = 0;
    Offset offset = 0;
    friend bool operator>(const Retry& a, const Retry& b) {
      return a.due != b.due ? a.due > b.due : a.offset > b.offset;
    }
  };
  [[nodiscard]] Position next_unsettled(Position position) const;
  [[nodiscard]] Entry take_in(const Offer& event);
  void move_positions(Position head, const std::vector<Position>& moved);
  void requeue_deadlines();
  void make_ready(Position position);
  void release(Entry& entry);
  void settle(Entry& entry);
  void note_taken(const Entry& entry, std::vector<HandOver>* taken) const;
  void note_handed_at(const Entry& entry) { handed_at_.try_emplace(entry.offset, handed_at(entry)); }
  [[nodiscard]] Position take_back_behind(Position position, std::vector<HandOver>* taken);
  void string_behind(LaneId lane, Position position);
  void restring_lanes();
  void compact();

  LogTime ack_timeout_;
  LogTime begins_within_;
  bool in_offset_order_;
  Window window_;
  Instances instances_;
  Deadlines deadlines_;  // of what has begun
  Deadlines unbegun_;    // and of what has not, with an instance that tells: when to look into it
  std::priority_queue<Retry, std::vector<Retry>, std::greater<>> retries_;
  std::unordered_map<Offset, LogTime> first_failed_at_;  // of what is held and has failed
  std::unordered_map<Offset, Offset> origins_;           // of redeliveries that are held
  std::unordered_map<Offset, LogTime>
      handed_at_;  // of what is in flight with another deadline than its first

  KeyShares shares_;
  KeyLanes lanes_;
  LaneQueue unbound_;
  LaneQueue suspects_;
  bool has_lanes_ = false;
  std::size_t lanes_build_cost_ = 0;  // entries strung when they were built
  std::size_t handed_with_lanes_ = 0;

  std::size_t held_ = 0;
  std::size_t in_flight_ = 0;
  std::size_t retrying_ = 0;  // not in flight, with failed attempts behind them
  std::size_t never_handed_ = 0;
  std::size_t suspects_held_ = 0;
  std::uint64_t given_back_ = 0;
  std::uint64_t walked_ = 0;
};

// Behind `position` in its lane. What was answered ahead of an event that failed is a hole between them.
inline Position Deliveries::next_unsettled(Position position) const {
  while (window_.at(position).next != 0) {
    position += window_.at(position).next;
    if (window_.at(position).state != EntryState::settled) return position;
  }
  return no_position;
}

inline void Deliveries::release(Entry& entry) {
  Instance& holder = instances_.at(entry.holder);
  if (--holder.events == 0) holder.probing = holder.draining = false;
  holder.bytes -= entry.bytes;
  --in_flight_;
  if (!handed_at_.empty()) handed_at_.erase(entry.offset);
  shares_.of(entry.key_hash).remove(entry.bytes);
  if (has_lanes_) lanes_.at(entry.lane).in_flight.remove(entry.bytes);
}

inline void Deliveries::settle(Entry& entry) {
  entry.state = EntryState::settled;
  --held_;
  if (entry.attempt > 1 || entry.losses > 0) first_failed_at_.erase(entry.offset);
  if (entry.is_suspect()) --suspects_held_;
  if (!origins_.empty()) origins_.erase(entry.offset);
}

inline void Deliveries::ack(Position position) {
  Entry& entry = window_.at(position);
  release(entry);
  settle(entry);
  if (!has_lanes_) return;
  const Lane& lane = lanes_.at(entry.lane);
  if (lane.in_flight.events == 0 || (lane.queue == nullptr && lane.next_up != no_position)) place(entry.lane);
}

inline void Deliveries::hand(Position position, Slot slot, LogTime now) {
  Entry& entry = window_.at(position);
  Instance& holder = instances_.at(slot);
  entry.state = EntryState::in_flight;
  if (entry.is_suspect()) holder.probing = true;
  entry.holder = slot;
  entry.begun = !holder.tells_begun;
  entry.when = now + (entry.begun ? ack_timeout_ : begins_within_);
  if (holder.events == 0) holder.answered_at = now;
  if (++entry.delivery == 1) --never_handed_;
  if (entry.attempt > 1) --retrying_;
  ++holder.events;
  holder.bytes += entry.bytes;
  ++in_flight_;
  (entry.begun ? deadlines_ : unbegun_).add(entry.when, position);
  holder.handed.push_back({holder.id, entry.offset, entry.delivery, entry.attempt});
  shares_.of(entry.key_hash).add(entry.bytes);
  if (!has_lanes_) return;
  Lane& lane = lanes_.at(entry.lane);
  lane.in_flight.add(entry.bytes);
  lane.holder = slot;
  if (lane.next_up == position) lane.next_up = next_unsettled(position);
  ++handed_with_lanes_;
}

}  // namespace reel::broker
