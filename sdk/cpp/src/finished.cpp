#include "finished.h"

#include <iterator>
#include <utility>

namespace reel::sdk {

Finished::Result::Result(const std::vector<Emit>& emits) {
  for (const auto& [head, event_bytes] : emits) {
    places_.push_back({.source_at = bytes_.size(),
                       .topic_at = bytes_.size() + head.source.size(),
                       .type_at = bytes_.size() + head.source.size() + head.topic.size()});
    ((bytes_ += head.source) += head.topic) += head.dataschema;
    places_.back().event_at = bytes_.size();
    places_.back().end = (bytes_ += event_bytes).size();
  }
}

std::vector<Emit> Finished::Result::emits() const {
  std::vector<Emit> emits;
  const std::string_view bytes = bytes_;
  const auto part = [&](std::size_t begin, std::size_t end) { return bytes.substr(begin, end - begin); };
  for (const auto& place : places_) {
    emits.push_back({.head = {.source = part(place.source_at, place.topic_at),
                              .topic = part(place.topic_at, place.type_at),
                              .dataschema = part(place.type_at, place.event_at)},
                     .event_bytes = part(place.event_at, place.end)});
  }
  return emits;
}

void Finished::keep(const EventMark& event, const std::vector<Emit>& emits) {
  const std::lock_guard lock{mutex_};
  if (const auto before = kept_.find(event.offset); before != kept_.end()) forget(before);
  const auto& kept = kept_.emplace(event.offset, Kept{event.time, age_, Result{emits}}).first->second;
  bytes_ += kept.result.bytes();
  in_order_.push_back(event.offset);
  while (in_order_.size() > finished_events_max || bytes_ > finished_bytes_max) {
    if (const auto oldest = kept_.find(in_order_.front()); oldest != kept_.end()) forget(oldest);
    in_order_.pop_front();
  }
  count_.store(kept_.size(), std::memory_order_relaxed);
}

std::optional<Finished::Result> Finished::take(const EventMark& event) {
  const std::lock_guard lock{mutex_};
  const auto kept = kept_.find(event.offset);
  if (kept == kept_.end()) return std::nullopt;
  std::optional<Result> result;
  if (kept->second.time == event.time) result = std::move(kept->second.result);
  forget(kept);
  if (kept_.empty()) in_order_.clear();
  count_.store(kept_.size(), std::memory_order_relaxed);
  return result;
}

void Finished::session_begins(Time now) {
  const std::lock_guard lock{mutex_};
  age_began_ = now;
}

void Finished::grow_older(Time now) {
  if (empty()) return;
  const std::lock_guard lock{mutex_};
  if (now - age_began_ < finished_kept) return;
  age_began_ = now;
  for (auto kept = kept_.begin(); kept != kept_.end();) {
    const auto next = std::next(kept);
    if (kept->second.age != age_) forget(kept);
    kept = next;
  }
  ++age_;
  count_.store(kept_.size(), std::memory_order_relaxed);
}

void Finished::forget(std::unordered_map<std::uint64_t, Kept>::iterator kept) {
  bytes_ -= kept->second.result.bytes();
  kept_.erase(kept);
}

}  // namespace reel::sdk
