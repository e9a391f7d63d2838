#include "dispatch/instances.h"

#include <algorithm>
#include <cassert>
#include <limits>

namespace reel::broker {

void Instances::join(InstanceId id, std::uint32_t credit_events, std::uint32_t credit_bytes,
                     bool tells_begun) {
  const auto [known, is_new] = by_id_.try_emplace(static_cast<std::uint32_t>(id));
  if (is_new) {
    if (unused_.empty()) {
      assert(slots_.size() < std::numeric_limits<Slot>::max() && "more instances than sessions_max allows");
      unused_.push_back(static_cast<Slot>(slots_.size()));
      slots_.push_back(std::make_unique<Instance>());
    }
    known->second = unused_.back();
    unused_.pop_back();
    joined_.push_back(known->second);
    at(known->second) = Instance{.id = id, .tells_begun = tells_begun, .divides_credit = divides_credit_};
  }
  at(known->second).credit_events = credit_events;
  at(known->second).credit_bytes = credit_bytes;
  appoint();
}

// Of an exclusive service, the one that has been there longest is the one that works.
void Instances::appoint() {
  if (!exclusive_) return;
  for (const Slot slot : joined_) at(slot).standby = slot != joined_.front();
}

void Instances::leave(Slot slot) {
  assert(at(slot).events == 0 && at(slot).waiting.empty() && "an instance left with events");
  by_id_.erase(static_cast<std::uint32_t>(at(slot).id));
  std::erase(joined_, slot);
  unused_.push_back(slot);
  appoint();
}

std::optional<Slot> Instances::find(InstanceId id) const {
  const auto found = by_id_.find(static_cast<std::uint32_t>(id));
  return found == by_id_.end() ? std::nullopt : std::optional{found->second};
}

std::optional<Slot> Instances::freest(std::uint32_t event_bytes, std::optional<Slot> avoided) {
  std::optional<std::size_t> best;
  for (std::size_t step = 0; step < joined_.size(); ++step) {
    const std::size_t index = (turn_ + step) % joined_.size();
    const Instance& one = at(joined_[index]);
    if (!one.waiting.empty() || !one.fits(event_bytes)) continue;
    if (joined_[index] == avoided) continue;
    if (!best || one.free_events() > at(joined_[*best]).free_events()) best = index;
  }
  if (!best && avoided) return freest(event_bytes);
  if (!best) return std::nullopt;
  turn_ = *best + 1;
  return joined_[*best];
}

}  // namespace reel::broker
