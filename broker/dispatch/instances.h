// The instances of one service that are there now, and how much credit each has left.
//
// An instance is addressed by its slot, a small number that fits into an Entry and is used again after it has
// left. Each has a queue of the lanes that wait for its credit, because it holds earlier events of their
// keys; while somebody stands there, nothing else is given to the instance, so that an event too large for
// the credit that is left just now has its turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "dispatch/dispatch.h"
#include "dispatch/key_lanes.h"

namespace reel::broker {

using Slot = std::uint16_t;

struct Instance {
  InstanceId id{};
  bool tells_begun = false;  ///< its beats say what it has begun; before that no ack_timeout runs
  std::uint32_t credit_events = 0;
  std::uint32_t credit_bytes = 0;
  std::uint32_t events = 0;  ///< in flight
  std::uint64_t bytes = 0;
  bool divides_credit = true;  ///< a key is kept to its share of it
  bool standby = false;        ///< of an exclusive service, and not its turn
  bool draining = false;       ///< gets nothing new until it holds nothing: a suspect is next
  bool probing = false;        ///< holds suspects, and gets nothing else
  bool stuck = false;          ///< its handlers hang, all of them: it gets nothing until one has returned
  LogTime answered_at = 0;     ///< its last answer to anything, or when it had something to answer again
  LogTime told_at = 0;         ///< when its last beat said the next two; 0: none has
  Offset waits_from = 0;       ///< what it holds from here to there and has not begun waits for a handler
  Offset waits_to = 0;
  LaneQueue waiting;             ///< for credit of this one
  std::vector<HandOver> handed;  ///< in the round that is under way

  /// Whether an event of so many bytes may be added: a single one may exceed the bytes.
  [[nodiscard]] bool fits(std::uint32_t event_bytes) const {
    return !standby && !stuck && !draining && !probing && has_credit(event_bytes);
  }
  [[nodiscard]] bool has_credit(std::uint32_t event_bytes) const {
    return events < credit_events && (events == 0 || bytes + event_bytes <= credit_bytes);
  }
  /// Whether a key that holds so much of it may hold one event more.
  [[nodiscard]] bool lets_follow(const Share& key, std::uint32_t event_bytes) const {
    return key.events == 0 || !divides_credit || credit_events < Share::divided_credit_events_min ||
           (key.events < credit_events / Share::per_credit &&
            key.bytes + event_bytes <= credit_bytes / Share::per_credit);
  }
  [[nodiscard]] std::uint32_t free_events() const {
    return credit_events > events ? credit_events - events : 0;
  }
};

class Instances {
 public:
  explicit Instances(bool exclusive, bool divides_credit = true)
      : exclusive_{exclusive}, divides_credit_{divides_credit} {}

  /// Of a known instance, changes the credit.
  void join(InstanceId id, std::uint32_t credit_events, std::uint32_t credit_bytes, bool tells_begun = false);
  /// It must hold nothing any more.
  void leave(Slot slot);

  [[nodiscard]] std::optional<Slot> find(InstanceId id) const;
  [[nodiscard]] Instance& at(Slot slot) { return *slots_[slot]; }
  [[nodiscard]] const Instance& at(Slot slot) const { return *slots_[slot]; }
  [[nodiscard]] std::size_t count() const { return by_id_.size(); }
  /// The slots in use, in the order in which their instances joined.
  [[nodiscard]] const std::vector<Slot>& joined() const { return joined_; }

  /// Who has most credit left of those that an event of so many bytes fits and for whom no lane waits; in
  /// turn where several have. `avoided` only where there is nobody else.
  [[nodiscard]] std::optional<Slot> freest(std::uint32_t event_bytes, std::optional<Slot> avoided = {});

 private:
  void appoint();

  const bool exclusive_;
  const bool divides_credit_;
  std::vector<std::unique_ptr<Instance>> slots_;  // by pointer: lanes point to the queues
  std::vector<Slot> unused_;
  std::vector<Slot> joined_;
  std::unordered_map<std::uint32_t, Slot> by_id_;
  std::size_t turn_ = 0;  // index into joined_ from which freest() looks
};

}  // namespace reel::broker
