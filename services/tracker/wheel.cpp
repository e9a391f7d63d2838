#include "tracker/wheel.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <tuple>
#include <utility>

namespace reel::tracker {

TimerWheel::TimerWheel() {
  for (std::uint32_t i = 0; i < heads_.size(); ++i) heads_[i] = {head_mark | i, head_mark | i};
}

std::uint32_t& TimerWheel::next_of(std::uint32_t link) {
  return link & head_mark ? heads_[link & ~head_mark].next : nodes_[link].next;
}

std::uint32_t& TimerWheel::prev_of(std::uint32_t link) {
  return link & head_mark ? heads_[link & ~head_mark].prev : nodes_[link].prev;
}

void TimerWheel::arm(Handle handle, std::uint64_t deadline) {
  assert(handle < head_mark);
  nodes_.grow(handle + std::size_t{1});
  Node& node = nodes_[handle];
  if (node.deadline == deadline) return;
  if (node.deadline == never) ++size_;
  node.deadline = deadline;
  if (may_stay(node, deadline)) return;
  if (lies(node)) unlink(handle);
  insert(handle);
}

void TimerWheel::cancel(Handle handle) {
  if (!armed(handle)) return;
  Node& node = nodes_[handle];
  node.deadline = never;
  --size_;
  if (!may_stay(node, never)) unlink(handle);
}

// Links the timer at the end of the slot its deadline belongs to, seen from tick_.
void TimerWheel::insert(Handle handle) {
  nodes_[handle].placed_for = nodes_[handle].deadline;
  ++lying_;
  const std::uint64_t tick = std::max(tick_of(nodes_[handle].deadline), tick_);
  const std::uint64_t differing = tick ^ tick_;
  const unsigned level =
      differing == 0 ? 0 : (63 - static_cast<unsigned>(std::countl_zero(differing))) / digit_bits;
  const unsigned slot = static_cast<unsigned>(tick >> (level * digit_bits)) & (slots - 1);
  if (differing == 0) sorted_ = false;

  const std::uint32_t head = head_mark | (level * slots + slot);
  const std::uint32_t last = prev_of(head);
  nodes_[handle].prev = last;
  nodes_[handle].next = head;
  next_of(last) = handle;
  prev_of(head) = handle;
  occupied_[level] |= std::uint64_t{1} << slot;
}

void TimerWheel::unlink(Handle handle) {
  Node& node = nodes_[handle];
  --lying_;
  next_of(node.prev) = node.next;
  prev_of(node.next) = node.prev;
  if (node.prev == node.next && (node.prev & head_mark)) {  // the slot is empty now
    const std::uint32_t index = node.prev & ~head_mark;
    occupied_[index / slots] &= ~(std::uint64_t{1} << (index % slots));
  }
  node.next = node.prev = none;
}

// What is armed in that slot, which is empty then.
std::vector<TimerWheel::Handle> TimerWheel::take_slot(unsigned index) {
  std::vector<Handle> handles;
  for (std::uint32_t link = heads_[index].next; !(link & head_mark);) {
    if (nodes_[link].deadline != never) handles.push_back(link);
    link = std::exchange(nodes_[link].next, none);
    --lying_;
  }
  heads_[index] = {head_mark | index, head_mark | index};
  occupied_[index / slots] &= ~(std::uint64_t{1} << (index % slots));
  return handles;
}

void TimerWheel::sort_current() {
  if (std::exchange(sorted_, true)) return;
  const unsigned index = static_cast<unsigned>(tick_) & (slots - 1);
  auto handles = take_slot(index);
  std::sort(handles.begin(), handles.end(), [&](Handle a, Handle b) {
    return std::tie(nodes_[a].deadline, a) < std::tie(nodes_[b].deadline, b);
  });
  for (const Handle handle : handles) insert(handle);
  sorted_ = true;
}

// Moves to the next tick <= to_tick at which something lies. False where there is none: then the wheel
// stands at to_tick.
bool TimerWheel::advance(std::uint64_t to_tick) {
  while (tick_ < to_tick) {
    unsigned level = 0;
    std::uint64_t later = 0;  // occupied slots of this level behind the wheel's own
    for (; level < levels; ++level) {
      const unsigned own = static_cast<unsigned>(tick_ >> (level * digit_bits)) & (slots - 1);
      later = own == slots - 1 ? 0 : occupied_[level] & (~std::uint64_t{0} << (own + 1));
      if (later) break;
    }
    if (!later) {
      tick_ = to_tick;
      return false;
    }
    const unsigned shift = level * digit_bits;
    const auto slot = static_cast<unsigned>(std::countr_zero(later));
    const std::uint64_t turn = ~std::uint64_t{0} << (shift + digit_bits);
    const std::uint64_t start = (tick_ & turn) | (std::uint64_t{slot} << shift);
    if (start > to_tick) {
      tick_ = to_tick;
      return false;
    }
    tick_ = start;
    sorted_ = false;
    if (level > 0) {
      for (const Handle handle : take_slot(level * slots + slot)) insert(handle);
    }
    if (occupied_[0] & (std::uint64_t{1} << (tick_ & (slots - 1)))) return true;
  }
  return false;
}

std::optional<TimerWheel::Timer> TimerWheel::pop(std::uint64_t upto) {
  if (lying_ == 0) {
    tick_ = std::max(tick_, tick_of(upto));
    return std::nullopt;
  }
  do {
    sort_current();
    const std::uint32_t first = heads_[static_cast<unsigned>(tick_) & (slots - 1)].next;
    if (first & head_mark) continue;
    if (nodes_[first].deadline > upto) return std::nullopt;
    const Timer timer{first, nodes_[first].deadline};
    cancel(first);
    return timer;
  } while (advance(tick_of(upto)));
  return std::nullopt;
}

}  // namespace reel::tracker
