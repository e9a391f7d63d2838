#include "journal/newest_events.h"

#include <algorithm>

namespace reel::broker {

void NewestEvents::take(const StoredBatch& batch) {
  for (const auto& run : batch.runs) {
    if (run.event_count == 0) continue;
    const Offset newest = batch.first_offset + run.first_event + run.event_count - 1;
    const auto found = by_topic_.find(run.topic);
    if (found != by_topic_.end())
      found->second = std::max(found->second, newest);
    else if (by_topic_.size() < newest_topics_max)
      by_topic_.emplace(run.topic, newest);
  }
}

Offset NewestEvents::of(std::string_view topic) const {
  const auto found = by_topic_.find(topic);
  return found == by_topic_.end() ? 0 : found->second;
}

void NewestEvents::save(v1::Snapshot& snapshot) const {
  for (const auto& [topic, offset] : by_topic_) {
    auto& place = *snapshot.add_newest_events();
    place.set_topic(topic);
    place.set_offset(offset);
  }
}

void NewestEvents::load(const v1::Snapshot& snapshot) {
  by_topic_.clear();
  for (const auto& place : snapshot.newest_events()) by_topic_[place.topic()] = place.offset();
}

}  // namespace reel::broker
