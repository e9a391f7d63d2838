#include "dispatch/assignment.h"

#include <algorithm>
#include <utility>

namespace reel::broker {

std::vector<HandOver> Assignment::run() {
  if (instances_.count() == 0) return {};
  if (!deliveries_.has_lanes()) {
    if (hand_in_order()) return collect();
    deliveries_.build_lanes();
  }
  // What little there is, is shared out rather than chunked, and so are few keys: each stays with whom it
  // came to as long as more of it comes.
  const std::size_t waiting = std::min(left_, deliveries_.held() - deliveries_.in_flight());
  const std::size_t shared_out = std::min(waiting, deliveries_.lanes().open());
  chunk_events_ = std::clamp<std::size_t>(shared_out / instances_.count(), 1, chunk_events_max);
  hand_suspects();
  hand_to_bound();
  if (hand_unbound()) advance_cursor();
  hand_suspects();  // the cursor may have come to some
  return collect();
}

// False where a key has its share and others behind it may have something yet.
bool Assignment::hand_in_order() {
  const Slot slot = instances_.joined().front();
  const Window& window = deliveries_.window();
  Position position = deliveries_.scan;
  Instance& instance = instances_.at(slot);
  instance.handed.reserve(
      std::min({left_, deliveries_.held() - deliveries_.in_flight(), std::size_t{instance.free_events()}}));
  bool shared = true;
  for (; position != window.end() && left_ > 0; ++position) {
    const Entry& entry = window.at(position);
    if (entry.state != EntryState::waiting) continue;
    shared = deliveries_.may_follow(entry, slot);
    if (!shared || !instance.fits(entry.bytes)) break;
    deliveries_.hand(position, slot, now_);
    --left_;
  }
  deliveries_.scan = position;
  deliveries_.fresh = std::max(deliveries_.fresh, position);
  return shared;
}

void Assignment::hand_suspects() {
  const LaneQueue& suspects = deliveries_.suspects();
  while (!suspects.empty() && left_ > 0) {
    const auto slot = emptied_for_suspect();
    if (!slot) return;
    probe(*slot);
  }
  for (const Slot slot : instances_.joined()) instances_.at(slot).draining = false;
}

// A part of the suspects together: one by one, thousands that were held by two lost instances would keep the
// service busy for an hour.
void Assignment::probe(Slot slot) {
  const LaneQueue& suspects = deliveries_.suspects();
  std::size_t places = std::max<std::size_t>(1, deliveries_.suspects_held() / probed_part);
  for (; places > 0 && left_ > 0 && !suspects.empty(); --places, --left_) {
    const LaneId lane = suspects.front();
    const Position next = deliveries_.lanes().at(lane).next_up;
    if (!instances_.at(slot).has_credit(deliveries_.window().at(next).bytes)) return;
    deliveries_.hand(next, slot, now_);
    deliveries_.place(lane);
  }
}

// Somebody who holds nothing; where there is nobody, the one with least to do gets no more until it is empty.
std::optional<Slot> Assignment::emptied_for_suspect() {
  Instance* least = nullptr;
  bool under_way = false;
  for (const Slot slot : instances_.joined()) {
    Instance& one = instances_.at(slot);
    if (one.standby || one.stuck || one.credit_events == 0) continue;
    if (one.events == 0) return slot;
    under_way = under_way || one.draining || one.probing;
    if (least == nullptr || one.events < least->events) least = &one;
  }
  if (least != nullptr && !under_way) least->draining = true;
  return std::nullopt;
}

// In turns, so that a key with a long queue does not keep the others waiting.
void Assignment::hand_to_bound() {
  KeyLanes& lanes = deliveries_.lanes();
  for (const Slot slot : instances_.joined()) {
    const LaneQueue& waiting = instances_.at(slot).waiting;
    while (!waiting.empty() && left_ > 0) {
      const LaneId lane = waiting.front();
      if (!instances_.at(slot).fits(deliveries_.window().at(lanes.at(lane).next_up).bytes)) break;
      give(lane, slot, chunk_events_max);
      lanes.move_to(lane, nullptr);
      deliveries_.place(lane);
    }
  }
}

// False where one is left that fits nobody.
bool Assignment::hand_unbound() {
  const LaneQueue& unbound = deliveries_.unbound();
  while (!unbound.empty() && left_ > 0) {
    const LaneId lane = unbound.front();
    const auto slot = anybody(deliveries_.window().at(deliveries_.lanes().at(lane).next_up));
    if (!slot) return false;
    const std::size_t given = give(lane, *slot, left_);
    chunk_left_ -= std::min(chunk_left_, given);
    deliveries_.place(lane);
  }
  return true;
}

void Assignment::advance_cursor() {
  Position position = deliveries_.fresh;
  while (position != deliveries_.window().end() && left_ > 0 && place_fresh(position)) ++position;
  deliveries_.fresh = position;
}

// Hands over what the cursor has come to, or leaves it behind in its lane. False where it is neither: it
// could go to anybody, and nobody has credit for it.
bool Assignment::place_fresh(Position position) {
  KeyLanes& lanes = deliveries_.lanes();
  const Window& window = deliveries_.window();
  const Entry& entry = window.at(position);
  if (entry.state == EntryState::settled) return true;  // dropped before its turn came
  LaneId lane = lanes.find(entry.key_hash);
  std::optional<Slot> slot;
  if (entry.state == EntryState::retrying || entry.is_suspect()) {
    if (lane == no_lane) lane = lanes.find_or_open(entry.key_hash);
  } else if (lane == no_lane) {
    slot = anybody(entry);
    if (!slot) return false;
    if (chunk_left_ > 0) --chunk_left_;
    lane = lanes.find_or_open(entry.key_hash);
  } else if (lanes.at(lane).next_up == no_position) {
    const Instance& holder = instances_.at(lanes.at(lane).holder);
    const bool may_follow = holder.lets_follow(lanes.at(lane).in_flight, entry.bytes);
    if (may_follow && holder.waiting.empty() && holder.fits(entry.bytes)) slot = lanes.at(lane).holder;
  }
  deliveries_.append(lane, position);
  if (slot) {
    deliveries_.hand(position, *slot, now_);
    --left_;
  } else if (lanes.at(lane).next_up == no_position) {
    lanes.at(lane).next_up = position;
    deliveries_.place(lane);
  }
  return true;
}

// Hands over what the lane left behind, as far as credit and retry times allow; how many that were.
std::size_t Assignment::give(LaneId id, Slot slot, std::size_t max) {
  const Lane& lane = deliveries_.lanes().at(id);
  std::size_t given = 0;
  for (max = std::min(max, left_); given < max && lane.next_up != no_position; ++given) {
    const Entry& entry = deliveries_.window().at(lane.next_up);
    if (entry.state != EntryState::waiting || entry.is_suspect()) break;
    if (!instances_.at(slot).fits(entry.bytes) || !deliveries_.may_follow(entry, slot)) break;
    deliveries_.hand(lane.next_up, slot, now_);
  }
  left_ -= given;
  return given;
}

// Whoever has the chunk that is under way, or the freest one. What has failed with one instance goes to
// another where there is one: a handler may still hang there.
std::optional<Slot> Assignment::anybody(const Entry& entry) {
  if (entry.attempt > 1 && entry.delivery > 0) return instances_.freest(entry.bytes, entry.holder);
  if (chunk_left_ > 0) {
    const Instance& one = instances_.at(chunk_slot_);
    if (one.waiting.empty() && one.fits(entry.bytes)) return chunk_slot_;
  }
  const auto slot = instances_.freest(entry.bytes);
  if (slot) {
    chunk_slot_ = *slot;
    chunk_left_ = chunk_events_;
  }
  return slot;
}

std::vector<HandOver> Assignment::collect() {
  const auto by_offset = [](const HandOver& a, const HandOver& b) { return a.offset < b.offset; };
  std::vector<HandOver> all;
  for (const Slot slot : instances_.joined()) {
    std::vector<HandOver>& handed = instances_.at(slot).handed;
    // Older ones that were left behind stand behind newer ones where several queues were served.
    if (!std::is_sorted(handed.begin(), handed.end(), by_offset)) {
      std::sort(handed.begin(), handed.end(), by_offset);
    }
    if (instances_.count() == 1) return std::exchange(handed, {});
    all.insert(all.end(), handed.begin(), handed.end());
    handed.clear();
  }
  return all;
}

}  // namespace reel::broker
