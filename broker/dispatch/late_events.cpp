// Deliveries, what is let go and comes late: events that wait behind one of their key that lasts make room
// for others, and come back among those that were offered after them.
#include <algorithm>
#include <unordered_map>
#include <utility>

#include "dispatch/deliveries.h"

namespace reel::broker {

// Where the cursor has passed their places they are left behind in their lanes, as those are that it came to.
void Deliveries::offer_late(std::span<const Offer> events) {
  std::vector<Entry> late;
  late.reserve(events.size());
  for (const Offer& event : events) late.push_back(take_in(event));
  if (has_lanes_) {
    for (Entry& entry : late) entry.lane = no_lane;
  }
  const Position head = window_.head();
  move_positions(head, window_.merge(late));
  // A record of several positions must not come to be about one between them.
  requeue_deadlines();
  scan = window_.head();
}

std::vector<Spilled> Deliveries::spill(LogTime now, LogTime patience, std::size_t more_than) {
  struct Followers {
    Position last_kept = 0;
    std::vector<Position> idle;  // behind it
  };
  std::unordered_map<std::uint64_t, Followers> of_keys;
  for (Position position = window_.head(); position != window_.end(); ++position) {
    const Entry& entry = window_.at(position);
    if (entry.state == EntryState::settled) continue;
    const bool idle =
        entry.delivery == 0 && entry.attempt == 1 && entry.losses == 0 && entry.state == EntryState::waiting;
    const auto found = of_keys.find(entry.key_hash);
    if (found != of_keys.end()) {
      if (idle) {
        found->second.idle.push_back(position);
      } else {
        found->second = {position, {}};
      }
    } else if (lasts(entry, now, patience)) {
      of_keys[entry.key_hash].last_kept = position;
    }
  }
  std::vector<Spilled> all;
  for (const auto& [key_hash, followers] : of_keys) {
    if (followers.idle.size() <= more_than) continue;
    Spilled spilled{.key_hash = key_hash, .behind = window_.at(followers.last_kept).offset};
    for (const Position position : followers.idle) {
      const Offset offset = window_.at(position).offset;
      const Offset from = origin(offset);
      spilled.events.push_back({offset, from == 0 ? offset : from, key_hash});
      drop(position);
    }
    all.push_back(std::move(spilled));
  }
  if (!all.empty()) tidy();
  return all;
}

// What follows may be handed over behind what an instance keeps for long, as far as its credit goes.
bool Deliveries::lasts(const Entry& entry, LogTime now, LogTime patience) {
  if (entry.state == EntryState::in_flight)
    return handed_at(entry) + patience <= now && is_last_for_now(entry);
  return entry.state == EntryState::retrying || entry.attempt > 1;
}

}  // namespace reel::broker
