#include "dispatch/key_lanes.h"

#include <bit>

namespace reel::broker {

namespace {
constexpr std::size_t table_places_min = 64;
}

LaneId KeyLanes::find(std::uint64_t key_hash) const {
  if (table_.empty()) return no_lane;
  const std::size_t mask = table_.size() - 1;
  std::size_t place = home_of(key_hash);
  while (table_[place].lane != no_lane && table_[place].key_hash != key_hash) place = (place + 1) & mask;
  return table_[place].lane;
}

LaneId KeyLanes::find_or_open(std::uint64_t key_hash) {
  if ((open_ + 1) * 2 > table_.size()) grow();
  const std::size_t mask = table_.size() - 1;
  std::size_t place = home_of(key_hash);
  while (table_[place].lane != no_lane) {
    if (table_[place].key_hash == key_hash) return table_[place].lane;
    place = (place + 1) & mask;
  }
  return open_at(place, key_hash);
}

LaneId KeyLanes::open_at(std::size_t place, std::uint64_t key_hash) {
  LaneId lane = unused_;
  if (lane != no_lane) {
    unused_ = lanes_[lane].behind;
    lanes_[lane] = Lane{};
  } else {
    lane = static_cast<LaneId>(lanes_.size());
    lanes_.emplace_back();
  }
  lanes_[lane].key_hash = key_hash;
  table_[place] = {key_hash, lane};
  ++open_;
  return lane;
}

void KeyLanes::close(LaneId lane) {
  assert(lanes_[lane].queue == nullptr && "a lane that waits somewhere was closed");
  const std::size_t mask = table_.size() - 1;
  std::size_t hole = home_of(lanes_[lane].key_hash);
  while (table_[hole].lane != lane) hole = (hole + 1) & mask;
  // Whoever was pushed past the hole by it moves back, so that no search ends early.
  for (std::size_t next = (hole + 1) & mask; table_[next].lane != no_lane; next = (next + 1) & mask) {
    const std::size_t home = home_of(table_[next].key_hash);
    if (((next - home) & mask) < ((next - hole) & mask)) continue;
    table_[hole] = table_[next];
    hole = next;
  }
  table_[hole].lane = no_lane;
  lanes_[lane].behind = unused_;
  unused_ = lane;
  --open_;
}

void KeyLanes::clear() {
  table_ = {};
  lanes_ = {};
  unused_ = no_lane;
  open_ = 0;
}

void KeyLanes::append(LaneId id, Window& window, Position position) {
  Lane& lane = lanes_[id];
  Entry& entry = window.at(position);
  if (lane.tail != no_position) window.at(lane.tail).next = static_cast<std::uint32_t>(position - lane.tail);
  lane.tail = position;
  entry.lane = id;
  entry.next = 0;
}

void KeyLanes::move_to(LaneId id, LaneQueue* queue) {
  Lane& lane = lanes_[id];
  if (lane.queue != nullptr) {
    (lane.before == no_lane ? lane.queue->front_ : lanes_[lane.before].behind) = lane.behind;
    (lane.behind == no_lane ? lane.queue->back_ : lanes_[lane.behind].before) = lane.before;
  }
  lane.queue = queue;
  lane.before = no_lane;
  lane.behind = no_lane;
  if (queue == nullptr) return;
  lane.before = queue->back_;
  (queue->back_ == no_lane ? queue->front_ : lanes_[queue->back_].behind) = id;
  queue->back_ = id;
}

void KeyLanes::grow() {
  const std::vector<Place> old = std::move(table_);
  const std::size_t places = std::max(old.size() * 2, table_places_min);
  table_.assign(places, Place{});
  shift_ = 64 - static_cast<unsigned>(std::countr_zero(places));
  const std::size_t mask = places - 1;
  for (const Place& taken : old) {
    if (taken.lane == no_lane) continue;
    std::size_t place = home_of(taken.key_hash);
    while (table_[place].lane != no_lane) place = (place + 1) & mask;
    table_[place] = taken;
  }
}

}  // namespace reel::broker
