// The window: every event one service holds, in offset order.
//
// A ring of 48-byte entries, addressed by position: a number that grows with each push and stays the same
// until compact(). An entry is appended once, changes state in place, and leaves at the head once it is
// settled; settled entries behind an unsettled one stay as holes. compact() closes the holes when they are
// the larger part, so that one stuck event does not make the ring grow while the others flow past it: the
// ring never holds more than twice the unsettled entries and holes_min.
//
// What comes late, with an offset among those that are there, is merged in: a walk over all, which pays where
// many come together.
//
// Offsets ascend with positions. Where a service matches every topic they run side by side, and find() is one
// guess; otherwise it is a search that begins at the caller's last place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "journal/stored_batch.h"

namespace reel::broker {

using Position = std::uint64_t;
inline constexpr Position no_position = ~Position{0};

enum class EntryState : std::uint8_t {
  waiting,    ///< may be handed over when its key and somebody's credit allow
  retrying,   ///< may not be handed over before `when`
  in_flight,  ///< with `holder`
  settled,    ///< acked or dead: a hole
};

struct Entry {
  Offset offset = 0;
  std::uint64_t key_hash = 0;
  LogTime when = 0;  ///< in flight: the answer's deadline, or until it has begun when that is looked into;
                     ///< retrying: the retry time
  std::uint32_t bytes = 0;
  std::uint32_t delivery = 0;  ///< how often it was handed over
  std::uint32_t attempt = 1;   ///< failed attempts and one
  std::uint32_t lane = 0;      ///< in KeyLanes, where these are built
  std::uint32_t next = 0;      ///< distance to the next entry of the same lane; 0: none
  std::uint16_t holder = 0;    ///< slot in Instances, while in flight
  EntryState state = EntryState::waiting;
  std::uint8_t losses : 7 = 0;  ///< instances lost while they held it
  bool begun : 1 = false;       ///< in flight: its ack_timeout runs

  static constexpr std::uint8_t suspect_losses = 2;
  static constexpr std::uint8_t losses_max = 127;
  /// It may be what kills instances: handed out in the company of suspects only.
  [[nodiscard]] bool is_suspect() const { return losses >= suspect_losses; }
};
static_assert(sizeof(Entry) == 48);

class Window {
 public:
  /// Fewer holes than this are not worth a compact().
  static constexpr std::size_t holes_min = 256;

  [[nodiscard]] Position head() const { return head_; }
  [[nodiscard]] Position end() const { return end_; }  ///< one behind the last
  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(end_ - head_); }
  [[nodiscard]] bool empty() const { return head_ == end_; }

  [[nodiscard]] Entry& at(Position position) { return ring_[position & mask_]; }
  [[nodiscard]] const Entry& at(Position position) const { return ring_[position & mask_]; }

  /// Appends; `entry.offset` is larger than all before.
  void push(const Entry& entry) {
    if (size() == ring_.size()) grow();
    ring_[end_++ & mask_] = entry;
  }

  /// Drops what is settled at the head.
  void pop_settled() {
    while (head_ != end_ && at(head_).state == EntryState::settled) ++head_;
  }

  /// The first position whose offset is >= `offset`; end() where there is none. `hint` is a position from
  /// which the search begins; any will do, one shortly before the answer is fast.
  [[nodiscard]] Position lower_bound(Offset offset, Position hint) const;
  /// The position of `offset`; no_position where it is not held.
  [[nodiscard]] Position find(Offset offset, Position hint) const;

  [[nodiscard]] bool worth_compacting(std::size_t unsettled) const {
    return size() - unsettled > unsettled + holes_min;
  }
  /// Puts these, which ascend, where their offsets belong, and closes the holes. Returns what compact() does.
  [[nodiscard]] std::vector<Position> merge(std::span<const Entry> late);
  /// Closes the holes. Returns where each position of [head(), end()) went to, by its distance from the old
  /// head: a settled one to where the next unsettled one went.
  [[nodiscard]] std::vector<Position> compact();

 private:
  void grow();

  std::vector<Entry> ring_;  // a power of two long
  std::uint64_t mask_ = 0;
  Position head_ = 0;
  Position end_ = 0;
};

}  // namespace reel::broker
