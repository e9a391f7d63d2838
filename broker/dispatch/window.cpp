#include "dispatch/window.h"

#include <algorithm>

namespace reel::broker {

namespace {
constexpr std::size_t ring_entries_min = 64;
}

Position Window::lower_bound(Offset offset, Position hint) const {
  if (empty() || offset <= at(head_).offset) return head_;
  if (offset > at(end_ - 1).offset) return end_;
  // From here on the answer lies in (low, high]: low's offset is smaller, high's is not.
  Position low = std::clamp(hint, head_, end_ - 1);
  if (at(low).offset >= offset) low = head_;
  // Offsets grow at least as fast as positions, so the answer is at the guess or before it.
  const Position guess = low + std::min<std::uint64_t>(offset - at(low).offset, end_ - 1 - low);
  if (at(guess).offset == offset) return guess;
  Position high = guess;
  for (Position step = 1; low + step < guess; step *= 2) {
    if (at(low + step).offset < offset) continue;
    high = low + step;
    low += step / 2;
    break;
  }
  while (high - low > 1) {
    const Position middle = low + (high - low) / 2;
    (at(middle).offset < offset ? low : high) = middle;
  }
  return high;
}

Position Window::find(Offset offset, Position hint) const {
  const Position found = lower_bound(offset, hint);
  return found != end_ && at(found).offset == offset ? found : no_position;
}

std::vector<Position> Window::compact() {
  std::vector<Position> moved;
  moved.reserve(size());
  Position to = head_;
  for (Position from = head_; from != end_; ++from) {
    moved.push_back(to);
    if (at(from).state == EntryState::settled) continue;
    if (to != from) at(to) = at(from);
    ++to;
  }
  end_ = to;
  return moved;
}

std::vector<Position> Window::merge(std::span<const Entry> late) {
  std::vector<Entry> all;
  all.reserve(size() + late.size());
  std::vector<Position> moved;
  moved.reserve(size());
  auto next = late.begin();
  for (Position from = head_; from != end_; ++from) {
    const Entry& entry = at(from);
    for (; next != late.end() && next->offset < entry.offset; ++next) all.push_back(*next);
    moved.push_back(head_ + all.size());
    if (entry.state != EntryState::settled) all.push_back(entry);
  }
  all.insert(all.end(), next, late.end());
  end_ = head_;
  for (const Entry& entry : all) push(entry);
  return moved;
}

void Window::grow() {
  std::vector<Entry> larger(std::max(ring_.size() * 2, ring_entries_min));
  const std::uint64_t mask = larger.size() - 1;
  for (Position position = head_; position != end_; ++position) larger[position & mask] = at(position);
  ring_ = std::move(larger);
  mask_ = mask;
}

}  // namespace reel::broker
