// The timer wheel: one timer per flow, at the earliest deadline of what it waits for.
//
//   TimerWheel wheel;
//   wheel.arm(flow, deadline);                 // again: moves it
//   while (auto timer = wheel.pop(now)) …      // everything with deadline <= now, earliest first
//
// Levels of 64 slots; a slot of level 0 is a tick of about a millisecond, a slot of each next level is a
// whole turn of the one below. A timer lies at the level of the highest digit (base 64) in which its tick
// differs from the wheel's, and is moved down when the wheel comes there: at most once per level, so arming,
// cancelling and firing cost O(1). Bitmaps of occupied slots let the wheel jump over empty time, a night or
// the forty years since 1970, in a few steps. Within the tick the wheel stands at, timers are sorted, so
// deadlines fire in order to the nanosecond. Sans-IO: time is what pop() is told.
//
// A flow moves its timer with almost every event, mostly to a later time, and its neighbours in a slot are
// flows that no cache has. So a timer that moves to a later time, or is cancelled, stays where it lies until
// the wheel comes there, and only then goes where it belongs, or away.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "tracker/paged.h"
#include "tracker/prefetch.h"

namespace reel::tracker {

class TimerWheel {
 public:
  using Handle = std::uint32_t;

  struct Timer {
    Handle handle;
    std::uint64_t deadline;
  };

  TimerWheel();

  /// Handles are small numbers: the wheel keeps 24 bytes for each up to the largest used. A deadline that has
  /// passed fires with the next pop.
  void arm(Handle handle, std::uint64_t deadline);
  /// Nothing where it is not armed.
  void cancel(Handle handle);
  [[nodiscard]] bool armed(Handle handle) const {
    return handle < nodes_.size() && nodes_[handle].deadline != never;
  }
  /// The earliest timer with deadline <= `upto`, disarmed; equal deadlines by handle. Advances the wheel to
  /// `upto` when it finds none.
  [[nodiscard]] std::optional<Timer> pop(std::uint64_t upto);
  [[nodiscard]] std::size_t size() const { return size_; }
  /// Fetches what arm() and cancel() will look at into the cache.
  void fetch(Handle handle) const {
    if (handle < nodes_.size()) prefetch(&nodes_[handle]);
  }

 private:
  static constexpr unsigned digit_bits = 6;
  static constexpr unsigned slots = 1u << digit_bits;
  static constexpr unsigned tick_bits = 20;  // 2^20 ns: 1.05 ms
  static constexpr unsigned levels = 8;      // 44 bits of ticks in 8 digits
  static constexpr std::uint32_t none = 0xffff'ffff;
  static constexpr std::uint32_t head_mark = 0x8000'0000;  // a link to a slot's head, not to a timer

  static constexpr std::uint64_t never = ~std::uint64_t{0};
  struct Node {
    std::uint64_t deadline = never;  // never: not armed
    std::uint64_t placed_for = 0;    // the deadline by which it was put where it lies
    std::uint32_t next = none;
    std::uint32_t prev = none;
  };
  struct Head {
    std::uint32_t next;
    std::uint32_t prev;
  };

  static std::uint64_t tick_of(std::uint64_t time) { return time >> tick_bits; }
  std::uint32_t& next_of(std::uint32_t link);
  std::uint32_t& prev_of(std::uint32_t link);
  void insert(Handle handle);
  void unlink(Handle handle);
  std::vector<Handle> take_slot(unsigned index);
  void sort_current();
  bool advance(std::uint64_t to_tick);

  [[nodiscard]] bool lies(const Node& node) const { return node.next != none; }
  /// Before its slot is the wheel's own, a node may lie earlier than it belongs.
  [[nodiscard]] bool may_stay(const Node& node, std::uint64_t deadline) const {
    return lies(node) && deadline >= node.placed_for && tick_of(node.placed_for) > tick_;
  }

  Paged<Node> nodes_;
  std::array<Head, levels * slots> heads_;
  std::array<std::uint64_t, levels> occupied_{};
  std::uint64_t tick_ = 0;
  std::size_t size_ = 0;   // armed
  std::size_t lying_ = 0;  // in a slot, armed or not
  bool sorted_ = true;     // the slot of tick_
};

}  // namespace reel::tracker
