// The lanes: for each key with something in flight or left behind, what may go where.
//
// A lane strings the entries of one key together in offset order. First come those in flight, all with one
// instance; behind them, from `next_up` on, those that were left behind: passed by the window's cursor
// because an earlier one of the key has to be answered first, or taken back. A lane that has neither is
// closed at once, so there are never more lanes than entries in the window.
//
// Which lane waits for what is said by the queue it stands in: a LaneQueue is a list threaded through the
// lanes themselves, so that a lane changes queues without a search. Found by key hash in a flat table
// (linear probing, backward-shift deletion); the hash is multiplied by an odd secret first, so that nobody
// can choose keys that fall on one place.
#pragma once

#include <cassert>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dispatch/key_shares.h"
#include "dispatch/window.h"

namespace reel::broker {

using LaneId = std::uint32_t;
inline constexpr LaneId no_lane = ~LaneId{0};

class LaneQueue;

struct Lane {
  std::uint64_t key_hash = 0;
  Position tail = no_position;     ///< the last entry; no_position in a new lane
  Position next_up = no_position;  ///< the first one left behind
  LaneQueue* queue = nullptr;      ///< where it waits; none while it is blocked or has nothing to hand over
  LaneId before = no_lane;         ///< in that queue
  LaneId behind = no_lane;
  Share in_flight;
  std::uint16_t holder = 0;  ///< whose they are, while any are in flight
};

/// A first-in first-out list of lanes. Does not own them; does not move in memory while it has some.
class LaneQueue {
 public:
  [[nodiscard]] bool empty() const { return front_ == no_lane; }
  [[nodiscard]] LaneId front() const { return front_; }

 private:
  friend class KeyLanes;
  LaneId front_ = no_lane;
  LaneId back_ = no_lane;
};

class KeyLanes {
 public:
  explicit KeyLanes(std::uint64_t secret) : secret_{secret | 1} {}

  [[nodiscard]] Lane& at(LaneId lane) { return lanes_[lane]; }
  [[nodiscard]] const Lane& at(LaneId lane) const { return lanes_[lane]; }
  [[nodiscard]] std::size_t open() const { return open_; }

  /// The key's lane; no_lane where it has none.
  [[nodiscard]] LaneId find(std::uint64_t key_hash) const;
  /// The key's lane, a new one where it has none.
  [[nodiscard]] LaneId find_or_open(std::uint64_t key_hash);
  /// The lane must stand in no queue.
  void close(LaneId lane);
  /// Closes all and frees the memory. Queues that held lanes must be forgotten too.
  void clear();

  /// Strings the entry at `position` behind the lane's others.
  void append(LaneId lane, Window& window, Position position);

  /// Puts the lane at the end of `queue` and out of the one it stood in; nullptr: into none.
  void move_to(LaneId lane, LaneQueue* queue);

 private:
  struct Place {
    std::uint64_t key_hash = 0;
    LaneId lane = no_lane;
  };
  [[nodiscard]] std::size_t home_of(std::uint64_t key_hash) const {
    return static_cast<std::size_t>((key_hash * secret_) >> shift_);
  }
  [[nodiscard]] LaneId open_at(std::size_t place, std::uint64_t key_hash);
  void grow();

  std::uint64_t secret_;
  unsigned shift_ = 63;
  std::vector<Place> table_;  // a power of two long, at most half full
  std::vector<Lane> lanes_;
  LaneId unused_ = no_lane;  // lanes to use again, chained by `behind`
  std::size_t open_ = 0;
};

}  // namespace reel::broker
