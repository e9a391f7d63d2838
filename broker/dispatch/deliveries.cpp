#include "dispatch/deliveries.h"

#include <algorithm>
#include <cassert>

namespace reel::broker {

Deliveries::Deliveries(std::uint64_t seed, LogTime ack_timeout)
    : ack_timeout_{ack_timeout}, lanes_{seed * 0x9e3779b97f4a7c15 + 0x9e3779b97f4a7c15} {}

void Deliveries::offer(const Offer& event) {
  assert((window_.empty() || window_.at(window_.end() - 1).offset < event.offset) && "offers ascend");
  Entry entry{.offset = event.offset, .key_hash = event.key_hash, .bytes = event.bytes};
  if (event.attempt > 1) {
    entry.attempt = event.attempt;
    ++retrying_;
    if (event.first_failed_at != 0) first_failed_at_.emplace(event.offset, event.first_failed_at);
  }
  if (event.not_before != 0) {
    entry.state = EntryState::retrying;
    entry.when = event.not_before;
    retries_.push({event.not_before, event.offset});
  }
  window_.push(entry);
  ++held_;
  ++never_handed_;
}

void Deliveries::wake_retries(LogTime now) {
  while (!retries_.empty() && retries_.top().due <= now) {
    const Position position = window_.find(retries_.top().offset, window_.head());
    retries_.pop();
    assert(position != no_position && window_.at(position).state == EntryState::retrying &&
           "a retry is held until it is due");
    window_.at(position).state = EntryState::waiting;
    if (has_lanes_ && position < fresh) place(window_.at(position).lane);
  }
}

void Deliveries::give_back(Position position, Fate fate, LogTime now, LogTime retry_at) {
  assert(has_lanes_ && "without lanes nobody knows what lies behind");
  Entry& entry = window_.at(position);
  release(entry);
  const Position behind = take_back_behind(position);
  if (fate == Fate::dead) {
    settle(entry);
  } else {
    if (fate != Fate::returned) {
      first_failed_at_.emplace(entry.offset, now);
      ++entry.attempt;
    }
    if (entry.attempt > 1) ++retrying_;
    entry.state = fate == Fate::later ? EntryState::retrying : EntryState::waiting;
    entry.when = retry_at;
    if (fate == Fate::later) retries_.push({retry_at, entry.offset});
  }
  Lane& lane = lanes_.at(entry.lane);
  lane.next_up = std::min(lane.next_up, fate == Fate::dead ? behind : position);
  place(entry.lane);
}

// Gives back what is in flight behind `position` in its lane; the first of these.
Position Deliveries::take_back_behind(Position position) {
  Position first = no_position;
  while (window_.at(position).next != 0) {
    position += window_.at(position).next;
    Entry& entry = window_.at(position);
    if (entry.state != EntryState::in_flight) continue;
    release(entry);
    entry.state = EntryState::waiting;
    if (entry.attempt > 1) ++retrying_;
    first = std::min(first, position);
  }
  return first;
}

void Deliveries::return_all(Slot slot) {
  for (Position position = window_.head(); position != fresh; ++position) {
    Entry& entry = window_.at(position);
    if (entry.state != EntryState::in_flight || entry.holder != slot) continue;
    if (has_lanes_) {
      give_back(position, Fate::returned, 0, 0);
    } else {
      release(entry);
      entry.state = EntryState::waiting;
      if (entry.attempt > 1) ++retrying_;
    }
  }
  scan = window_.head();
}

LogTime Deliveries::first_failed_at(Offset offset, LogTime now) const {
  const auto found = first_failed_at_.find(offset);
  return found == first_failed_at_.end() ? now : found->second;
}

std::optional<LogTime> Deliveries::next_deadline() const {
  std::optional<LogTime> next = deadlines_.next();
  if (!retries_.empty() && (!next || retries_.top().due < *next)) next = retries_.top().due;
  return next;
}

void Deliveries::tidy() {
  window_.pop_settled();
  scan = std::max(scan, window_.head());
  fresh = std::max(fresh, window_.head());
  deadlines_.tidy(window_, in_flight_);
  if (window_.worth_compacting(held_)) compact();
}

void Deliveries::compact() {
  const Position head = window_.head();
  const std::vector<Position> moved = window_.compact();
  const auto moved_to = [&](Position position) {
    return position - head < moved.size() ? moved[position - head] : window_.end();
  };
  scan = moved_to(scan);
  fresh = moved_to(fresh);
  deadlines_.move(head, moved, window_.end());
  if (has_lanes_) restring_lanes();
}

// ---- lanes

void Deliveries::build_lanes() {
  if (has_lanes_) return;
  has_lanes_ = true;
  lanes_build_cost_ = static_cast<std::size_t>(fresh - window_.head());
  handed_with_lanes_ = 0;
  for (Position position = window_.head(); position != fresh; ++position) {
    const Entry& entry = window_.at(position);
    if (entry.state == EntryState::settled) continue;
    const LaneId id = lanes_.find_or_open(entry.key_hash);
    string_behind(id, position);
    if (entry.state != EntryState::in_flight) continue;
    ++lanes_.at(id).in_flight;
    lanes_.at(id).holder = entry.holder;
  }
  // Queued only now that each lane is whole, and in offset order.
  for (Position position = window_.head(); position != fresh; ++position) {
    const Entry& entry = window_.at(position);
    if (entry.state == EntryState::settled) continue;
    if (lanes_.at(entry.lane).next_up == position) place(entry.lane);
  }
}

void Deliveries::string_behind(LaneId id, Position position) {
  lanes_.append(id, window_, position);
  if (window_.at(position).state == EntryState::in_flight) return;
  lanes_.at(id).next_up = std::min(lanes_.at(id).next_up, position);
}

// After the holes are closed: the same lanes in the same queues, with other positions.
void Deliveries::restring_lanes() {
  for (Position position = window_.head(); position != fresh; ++position) {
    Lane& lane = lanes_.at(window_.at(position).lane);
    lane.tail = no_position;
    lane.next_up = no_position;
  }
  for (Position position = window_.head(); position != fresh; ++position) {
    string_behind(window_.at(position).lane, position);
  }
}

void Deliveries::drop_lanes_if_idle() {
  if (has_lanes_ && !needs_lanes() && handed_with_lanes_ >= lanes_build_cost_) drop_lanes();
}

void Deliveries::drop_lanes() {
  has_lanes_ = false;
  lanes_.clear();
  unbound_ = {};
  for (const Slot slot : instances_.joined()) instances_.at(slot).waiting = {};
  scan = window_.head();
}

void Deliveries::place(LaneId id) {
  const Lane& lane = lanes_.at(id);
  LaneQueue* queue = nullptr;
  if (lane.next_up != no_position && window_.at(lane.next_up).state == EntryState::waiting) {
    queue = lane.in_flight > 0 ? &instances_.at(lane.holder).waiting : &unbound_;
  }
  if (lane.queue != queue) lanes_.move_to(id, queue);
  if (lane.next_up == no_position && lane.in_flight == 0) lanes_.close(id);
}

}  // namespace reel::broker
