#include "dispatch/deliveries.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace reel::broker {

Deliveries::Deliveries(std::uint64_t seed, LogTime ack_timeout, bool exclusive, bool in_offset_order,
                       LogTime told_within)
    : ack_timeout_{ack_timeout},
      begins_within_{std::max(ack_timeout, told_within)},
      in_offset_order_{in_offset_order},
      instances_{exclusive, !in_offset_order},
      shares_{seed * 0x9e3779b97f4a7c15 + 0x9e3779b97f4a7c15},
      lanes_{seed * 0x9e3779b97f4a7c15 + 0x9e3779b97f4a7c15} {}

void Deliveries::join(InstanceId id, std::uint32_t credit_events, std::uint32_t credit_bytes,
                      bool tells_begun) {
  const auto known = instances_.find(id);
  instances_.join(id, credit_events, credit_bytes, tells_begun);
  if (!known || !has_lanes_) return;
  for (Position position = window_.head(); position != fresh; ++position) {
    const Entry& entry = window_.at(position);
    if (entry.state == EntryState::in_flight && entry.holder == *known) place(entry.lane);
  }
}

void Deliveries::offer(const Offer& event) {
  assert((window_.empty() || window_.at(window_.end() - 1).offset < event.offset) && "offers ascend");
  window_.push(take_in(event));
}

Entry Deliveries::take_in(const Offer& event) {
  Entry entry{.offset = event.offset, .key_hash = event.key_hash, .bytes = event.bytes};
  entry.attempt = event.attempt;
  entry.losses = std::min<std::uint32_t>(event.losses, Entry::losses_max) & 0x7f;
  if (in_offset_order_) entry.losses = 0;  // noted before the service was one of these
  if (event.attempt > 1) ++retrying_;
  if (entry.is_suspect()) ++suspects_held_;
  if ((event.attempt > 1 || event.losses > 0) && event.first_failed_at != 0) {
    first_failed_at_.emplace(event.offset, event.first_failed_at);
  }
  if (event.origin != 0) origins_.emplace(event.offset, event.origin);
  if (event.not_before != 0) {
    entry.state = EntryState::retrying;
    entry.when = event.not_before;
    retries_.push({event.not_before, event.offset});
  }
  ++held_;
  ++never_handed_;
  return entry;
}

void Deliveries::wake_retries(LogTime now) {
  while (!retries_.empty()) {
    const Retry retry = retries_.top();
    const Position position = window_.find(retry.offset, window_.head());
    const bool waits = position != no_position && window_.at(position).state == EntryState::retrying &&
                       window_.at(position).when == retry.due;
    if (waits && retry.due > now) return;
    retries_.pop();  // or it was hurried or dropped meanwhile
    if (waits) make_ready(position);
  }
}

void Deliveries::make_ready(Position position) {
  window_.at(position).state = EntryState::waiting;
  if (has_lanes_ && position < fresh) place(window_.at(position).lane);
}

void Deliveries::hurry(Position position) {
  if (window_.at(position).state == EntryState::retrying) make_ready(position);
}

void Deliveries::extend(Position position, LogTime now) {
  assert(has_lanes_ && "without lanes nobody knows what lies behind");
  while (true) {
    ++walked_;
    Entry& entry = window_.at(position);
    if (entry.state == EntryState::in_flight) {
      if (entry.begun && entry.when == now + ack_timeout_) return;  // and so has what lies behind
      note_handed_at(entry);
      entry.begun = true;
      entry.when = now + ack_timeout_;
      deadlines_.add(entry.when, position);
      if (instances_.at(entry.holder).tells_begun) return;  // what lies behind has not begun
    }
    if (entry.next == 0) return;
    position += entry.next;
  }
}

void Deliveries::begin(Position position, LogTime now) {
  Entry& entry = window_.at(position);
  if (entry.begun) return;
  note_handed_at(entry);
  entry.begun = true;
  entry.when = now + ack_timeout_;
  deadlines_.add(entry.when, position);
}

void Deliveries::await(Position position, LogTime now) {
  Entry& entry = window_.at(position);
  assert(!entry.begun && "what is with a handler does not wait for one");
  note_handed_at(entry);
  entry.when = now + begins_within_;
  unbegun_.add(entry.when, position);
}

void Deliveries::set_ack_timeout(LogTime ack_timeout, LogTime told_within) {
  const auto begins_within = std::max(ack_timeout, told_within);
  if (ack_timeout == ack_timeout_ && begins_within == begins_within_) return;
  for (Position position = window_.head(); position != window_.end(); ++position) {
    Entry& entry = window_.at(position);
    if (entry.state != EntryState::in_flight) continue;
    entry.when =
        entry.begun ? entry.when - ack_timeout_ + ack_timeout : entry.when - begins_within_ + begins_within;
  }
  ack_timeout_ = ack_timeout;
  begins_within_ = begins_within;
  requeue_deadlines();
}

// What is in flight is put into new queues, which are in its deadlines' order, and in that of the window.
void Deliveries::requeue_deadlines() {
  std::vector<std::pair<LogTime, Position>> in_flight;
  for (Position position = window_.head(); position != window_.end(); ++position) {
    const Entry& entry = window_.at(position);
    if (entry.state == EntryState::in_flight) in_flight.emplace_back(entry.when, position);
  }
  std::sort(in_flight.begin(), in_flight.end());
  deadlines_.clear();
  unbegun_.clear();
  for (const auto& [when, position] : in_flight)
    (window_.at(position).begun ? deadlines_ : unbegun_).add(when, position);
}

void Deliveries::drop(Position position) {
  Entry& entry = window_.at(position);
  if (entry.delivery == 0) --never_handed_;
  if (entry.attempt > 1) --retrying_;
  settle(entry);
  if (!has_lanes_ || position >= fresh) return;
  Lane& lane = lanes_.at(entry.lane);
  if (lane.next_up == position) lane.next_up = next_unsettled(position);
  place(entry.lane);
}

// Along the key's lane, and then what the cursor has not come to, which is what little is fed ahead.
void Deliveries::drop_key(Position position, std::vector<ParkedEvent>& dropped) {
  assert(has_lanes_ && "without lanes nobody knows what lies behind");
  const std::uint64_t key_hash = window_.at(position).key_hash;
  const auto drop_idle = [&](Position at) {
    ++walked_;
    const Entry& entry = window_.at(at);
    const bool idle = entry.state == EntryState::waiting || entry.state == EntryState::retrying;
    if (entry.key_hash != key_hash || !idle) return;
    const Offset from = origin(entry.offset);
    dropped.push_back({entry.offset, from == 0 ? entry.offset : from, key_hash});
    drop(at);
  };
  const Position end_of_lanes = std::max(fresh, position + 1);
  while (position < fresh && window_.at(position).next != 0) {
    position += window_.at(position).next;
    drop_idle(position);
  }
  for (position = end_of_lanes; position < window_.end(); ++position) drop_idle(position);
}

void Deliveries::give_back(Position position, GivenBack as, LogTime now, LogTime retry_at,
                           std::vector<HandOver>* taken) {
  assert(has_lanes_ && "without lanes nobody knows what lies behind");
  Entry& entry = window_.at(position);
  note_taken(entry, taken);
  release(entry);
  ++given_back_;
  const Position behind = take_back_behind(position, taken);
  if (as == GivenBack::dead) {
    settle(entry);
  } else {
    if (as != GivenBack::returned) first_failed_at_.emplace(entry.offset, now);
    if (as == GivenBack::noted && entry.losses < Entry::losses_max) {
      ++entry.losses;
      if (entry.losses == Entry::suspect_losses) ++suspects_held_;
    }
    if (as == GivenBack::again || as == GivenBack::later) ++entry.attempt;
    if (entry.attempt > 1) ++retrying_;
    entry.state = as == GivenBack::later ? EntryState::retrying : EntryState::waiting;
    entry.when = retry_at;
    if (as == GivenBack::later) retries_.push({retry_at, entry.offset});
  }
  Lane& lane = lanes_.at(entry.lane);
  lane.next_up = std::min(lane.next_up, as == GivenBack::dead ? behind : position);
  place(entry.lane);
}

// Gives back what is in flight behind `position` in its lane; the first of these.
Position Deliveries::take_back_behind(Position position, std::vector<HandOver>* taken) {
  Position first = no_position;
  while (window_.at(position).next != 0) {
    position += window_.at(position).next;
    Entry& entry = window_.at(position);
    if (entry.state != EntryState::in_flight) continue;
    note_taken(entry, taken);
    release(entry);
    ++given_back_;
    entry.state = EntryState::waiting;
    if (entry.attempt > 1) ++retrying_;
    first = std::min(first, position);
  }
  return first;
}

void Deliveries::note_taken(const Entry& entry, std::vector<HandOver>* taken) const {
  const Instance& holder = instances_.at(entry.holder);
  if (taken == nullptr || !holder.tells_begun) return;
  taken->push_back({holder.id, entry.offset, entry.delivery, entry.attempt});
}

void Deliveries::return_all(Slot slot) {
  for (Position position = window_.head(); position != fresh; ++position) {
    Entry& entry = window_.at(position);
    if (entry.state != EntryState::in_flight || entry.holder != slot) continue;
    if (has_lanes_) {
      give_back(position, GivenBack::returned, 0, 0);
    } else {
      release(entry);
      ++given_back_;
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

Offset Deliveries::origin(Offset offset) const {
  const auto found = origins_.find(offset);
  return found == origins_.end() ? 0 : found->second;
}

std::optional<Offset> Deliveries::redelivery_of(Offset event) const {
  std::optional<Offset> newest;
  for (const auto& [offset, origin] : origins_) {
    if (origin == event && (!newest || offset > *newest)) newest = offset;
  }
  return newest;
}

LogTime Deliveries::handed_at(const Entry& entry) const {
  const auto extended = handed_at_.find(entry.offset);
  if (extended != handed_at_.end()) return extended->second;
  return entry.when - (entry.begun ? ack_timeout_ : begins_within_);
}

std::optional<Offset> Deliveries::oldest_origin() const {
  std::optional<Offset> oldest;
  for (const auto& [offset, origin] : origins_) oldest = std::min(oldest.value_or(origin), origin);
  return oldest;
}

std::optional<LogTime> Deliveries::next_deadline() const {
  std::optional<LogTime> next = deadlines_.next();
  if (const auto unbegun = unbegun_.next()) next = std::min(next.value_or(*unbegun), *unbegun);
  if (!retries_.empty() && (!next || retries_.top().due < *next)) next = retries_.top().due;
  return next;
}

void Deliveries::tidy() {
  window_.pop_settled();
  scan = std::max(scan, window_.head());
  fresh = std::max(fresh, window_.head());
  deadlines_.tidy(window_, in_flight_);
  unbegun_.tidy(window_, in_flight_);
  if (window_.worth_compacting(held_)) compact();
}

void Deliveries::compact() {
  const Position head = window_.head();
  move_positions(head, window_.compact());
}

// The window has moved its entries, and has no holes.
void Deliveries::move_positions(Position head, const std::vector<Position>& moved) {
  const auto moved_to = [&](Position position) {
    return position - head < moved.size() ? moved[position - head] : window_.end();
  };
  scan = moved_to(scan);
  fresh = moved_to(fresh);
  deadlines_.move(head, moved, window_.end());
  unbegun_.move(head, moved, window_.end());
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
    lanes_.at(id).in_flight.add(entry.bytes);
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
  std::vector<LaneId> with_late;
  for (Position position = window_.head(); position != fresh; ++position) {
    Entry& entry = window_.at(position);
    if (entry.lane == no_lane) {
      entry.lane = lanes_.find_or_open(entry.key_hash);
      with_late.push_back(entry.lane);
    }
    Lane& lane = lanes_.at(entry.lane);
    lane.tail = no_position;
    lane.next_up = no_position;
  }
  for (Position position = window_.head(); position != fresh; ++position) {
    string_behind(window_.at(position).lane, position);
  }
  for (const LaneId lane : with_late) place(lane);
}

void Deliveries::drop_lanes_if_idle() {
  if (has_lanes_ && !needs_lanes() && handed_with_lanes_ >= lanes_build_cost_) drop_lanes();
}

void Deliveries::drop_lanes() {
  has_lanes_ = false;
  lanes_.clear();
  unbound_ = {};
  suspects_ = {};
  for (const Slot slot : instances_.joined()) {
    instances_.at(slot).waiting = {};
    instances_.at(slot).draining = false;  // there is no suspect any more
  }
  scan = window_.head();
}

void Deliveries::place(LaneId id) {
  const Lane& lane = lanes_.at(id);
  LaneQueue* queue = nullptr;
  if (lane.next_up != no_position && window_.at(lane.next_up).state == EntryState::waiting) {
    const Entry& next = window_.at(lane.next_up);
    const bool idle = lane.in_flight.events == 0;
    const bool suspect = next.is_suspect();  // waits until its key has nothing in flight
    if (idle) queue = suspect ? &suspects_ : &unbound_;
    if (!idle && !suspect && may_follow(next, lane.holder)) queue = &instances_.at(lane.holder).waiting;
  }
  if (lane.queue != queue) lanes_.move_to(id, queue);
  if (lane.next_up == no_position && lane.in_flight.events == 0) lanes_.close(id);
}

}  // namespace reel::broker
