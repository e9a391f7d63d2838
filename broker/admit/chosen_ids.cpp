#include "admit/chosen_ids.h"

#include <algorithm>

#include "event/batch.h"

namespace reel::broker {

std::optional<Offset> ChosenIds::find(std::string_view source, std::string_view id, LogTime now) const {
  const auto found = by_hash_.find(hash_128({source, id}));
  if (found == by_hash_.end() || found->second.at + window_ns_ < now) return std::nullopt;
  return found->second.offset;
}

bool ChosenIds::remembers(LogTime then, LogTime now) const {
  return then + window_ns_ >= now && then > forgotten_at_;
}

void ChosenIds::remember(std::string_view source, std::string_view id, Offset offset, LogTime at) {
  insert({hash_128({source, id}), {offset, at}});
}

void ChosenIds::remember(const StoredBatch& batch) {
  for (const auto& run : batch.runs) {
    if (!run.chosen_ids) continue;
    for (auto index = run.first_event; index < run.first_event + run.event_count; ++index) {
      const auto event = read_event(batch.events[index].bytes);
      if (event) remember(run.source, event->id, batch.first_offset + index, batch.log_time + index);
    }
  }
}

void ChosenIds::insert(const Seen& seen) {
  by_hash_[seen.hash] = seen.place;
  by_age_.push_back(seen);
  while (!by_age_.empty()) {
    const bool expired = by_age_.front().place.at + window_ns_ < seen.place.at;
    if (!expired && by_age_.size() <= ids_max_) break;
    if (!expired) ++forgotten_early_;
    const auto oldest = by_hash_.find(by_age_.front().hash);
    // The same id may have been accepted again after its window: then the newer entry stays.
    if (oldest != by_hash_.end() && oldest->second.offset == by_age_.front().place.offset)
      by_hash_.erase(oldest);
    forgotten_at_ = std::max(forgotten_at_, by_age_.front().place.at);
    by_age_.pop_front();
  }
}

void ChosenIds::save(v1::Snapshot& snapshot, Offset end) const {
  for (const auto& seen : by_age_) {
    if (seen.place.offset >= end) break;
    auto& entry = *snapshot.add_chosen_ids();
    entry.set_hash_high(seen.hash.high);
    entry.set_hash_low(seen.hash.low);
    entry.set_offset(seen.place.offset);
    entry.set_log_time(seen.place.at);
  }
  snapshot.set_chosen_ids_forgotten_at(forgotten_at_);
}

void ChosenIds::load(const v1::Snapshot& snapshot) {
  forgotten_at_ = snapshot.chosen_ids_forgotten_at();
  for (const auto& entry : snapshot.chosen_ids()) {
    if (entry.log_time() == 0) continue;  // of a delayed event that waits: see Delays
    insert({{entry.hash_high(), entry.hash_low()}, {entry.offset(), entry.log_time()}});
  }
}

}  // namespace reel::broker
