#include "delay/delays.h"

#include <algorithm>

#include "event/batch.h"

namespace reel::broker {
namespace {

// Fewer than so many that are over are not worth the copy.
constexpr std::size_t compact_min = 1'024;

Hash128 id_hash(const v1::Delayed& delayed) {
  const auto event = read_event(delayed.event());
  return delayed.chosen_ids() && event ? hash_128({delayed.source(), event->id}) : Hash128{};
}

std::uint64_t flow_hash(std::string_view correlationid) {
  return hash_128({correlationid}).low;
}

// Calls each(topic, payload, offset) for the records about delayed events of a batch.
template <class Each>
void for_each_record(const StoredBatch& batch, Each each) {
  for (const auto& run : batch.runs) {
    if (run.source != broker_source || !is_delay_topic(run.topic)) continue;
    for (auto index = run.first_event; index < run.first_event + run.event_count; ++index) {
      const auto record = read_event(batch.events[index].bytes);
      each(run.topic, record ? record->data : std::string_view{}, batch.first_offset + index);
    }
  }
}

}  // namespace

std::size_t Delays::apply(const StoredBatch& batch, Offset from) {
  std::size_t unreadable = 0;
  for_each_record(batch, [&](std::string_view topic, std::string_view payload, Offset offset) {
    if (offset >= from && !apply(topic, payload, offset)) ++unreadable;
  });
  return unreadable;
}

bool Delays::apply(std::string_view topic, std::string_view payload, Offset offset) {
  if (topic == delayed_topic) {
    const auto delayed = read_delayed(payload);
    if (!delayed) return false;
    if (delayed->moved_from() != 0) {
      end(delayed->moved_from());
    } else if (expected_ > 0) {
      --expected_;
    }
    const auto event = read_event(delayed->event());
    keep({offset, delayed->due(), id_hash(*delayed), event ? flow_hash(event->correlationid) : 0});
    return true;
  }
  v1::DelayedEnded ended;
  if (!ended.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) return false;
  for (const auto over : ended.offsets()) end(over);
  return true;
}

void Delays::expect(const StoredBatch& batch) {
  for_each_record(batch, [this](std::string_view topic, std::string_view payload, Offset offset) {
    const auto delayed = topic == delayed_topic ? read_delayed(payload) : std::nullopt;
    if (!delayed || delayed->moved_from() != 0) return;
    ++expected_;
    if (const auto id = id_hash(*delayed); id != Hash128{}) by_id_[id] = offset;
  });
}

void Delays::keep(const Kept& kept) {
  if (!kept_.empty() && kept.offset <= kept_.back().offset) return;  // known
  kept_.push_back(kept);
  waiting_.insert({kept.due, kept.offset});
  if (kept.id != Hash128{}) by_id_[kept.id] = kept.offset;
}

std::size_t Delays::place(Offset offset) const {
  const auto found = std::lower_bound(kept_.begin(), kept_.end(), offset,
                                      [](const Kept& kept, Offset wanted) { return kept.offset < wanted; });
  return static_cast<std::size_t>(found - kept_.begin());
}

bool Delays::keeps(std::size_t place, Offset offset) const {
  return place < kept_.size() && kept_[place].offset == offset && kept_[place].due != 0;
}

void Delays::end(Offset offset) {
  const auto at = place(offset);
  if (!keeps(at, offset)) return;
  auto& kept = kept_[at];
  waiting_.erase({kept.due, offset});
  if (const auto known = by_id_.find(kept.id); known != by_id_.end() && known->second == offset)
    by_id_.erase(known);
  kept.due = 0;
  ++over_;
  compact();
}

void Delays::compact() {
  for (; !kept_.empty() && kept_.front().due == 0; --over_) kept_.pop_front();
  if (over_ < compact_min || over_ < kept_.size() / 2) return;
  std::erase_if(kept_, [](const Kept& kept) { return kept.due == 0; });
  over_ = 0;
}

std::size_t Delays::room() const {
  const auto held = kept_.size() - over_ + expected_;
  return held < events_max_ ? events_max_ - held : 0;
}

std::optional<Offset> Delays::find(std::string_view source, std::string_view id) const {
  const auto found = by_id_.find(hash_128({source, id}));
  return found == by_id_.end() ? std::nullopt : std::optional{found->second};
}

std::vector<Delays::Waiting> Delays::take_due(LogTime now, std::size_t count) {
  std::vector<Waiting> due;
  while (due.size() < count && !waiting_.empty() && waiting_.begin()->due <= now) {
    due.push_back(*waiting_.begin());
    waiting_.erase(waiting_.begin());
  }
  return due;
}

bool Delays::take(Offset offset) {
  const auto at = place(offset);
  return keeps(at, offset) && waiting_.erase({kept_[at].due, offset}) == 1;
}

std::vector<Delays::Waiting> Delays::page(const Waiting& after, std::size_t count) const {
  std::vector<Waiting> page;
  for (auto next = waiting_.upper_bound(after); next != waiting_.end() && page.size() < count; ++next)
    page.push_back(*next);
  return page;
}

std::vector<Offset> Delays::between(Offset from, Offset to, std::size_t count) const {
  std::vector<Offset> offsets;
  for (auto at = place(from); at < kept_.size() && kept_[at].offset < to && offsets.size() < count; ++at) {
    const auto& kept = kept_[at];
    if (waiting_.contains({kept.due, kept.offset})) offsets.push_back(kept.offset);
  }
  return offsets;
}

std::vector<std::uint64_t> Delays::count_of(std::span<const std::string> correlationids) const {
  std::vector<std::uint64_t> counts(correlationids.size());
  if (kept_.empty()) return counts;
  std::unordered_multimap<std::uint64_t, std::size_t> wanted;
  for (std::size_t i = 0; i < correlationids.size(); ++i) wanted.emplace(flow_hash(correlationids[i]), i);
  for (const auto& kept : kept_) {
    if (kept.due == 0) continue;
    const auto [begin, end] = wanted.equal_range(kept.flow);
    for (auto at = begin; at != end; ++at) ++counts[at->second];
  }
  return counts;
}

std::size_t Delays::forget_below(Offset begin) {
  std::size_t lost = 0;
  for (; !kept_.empty() && kept_.front().offset < begin; ++lost) end(kept_.front().offset);
  return lost;
}

// Chosen ids stand among the others with a log time of 0: they are known for as long as their events wait.
void Delays::save(v1::Snapshot& snapshot) const {
  for (const auto& kept : kept_) {
    if (kept.due == 0) continue;
    auto& row = *snapshot.add_delayed();
    row.set_offset(kept.offset);
    row.set_due(kept.due);
    row.set_flow_hash(kept.flow);
    if (kept.id == Hash128{}) continue;
    auto& id = *snapshot.add_chosen_ids();
    id.set_hash_high(kept.id.high);
    id.set_hash_low(kept.id.low);
    id.set_offset(kept.offset);
  }
}

void Delays::load(const v1::Snapshot& snapshot) {
  std::unordered_map<Offset, Hash128> ids;
  for (const auto& id : snapshot.chosen_ids()) {
    if (id.log_time() == 0) ids[id.offset()] = {id.hash_high(), id.hash_low()};
  }
  for (const auto& row : snapshot.delayed()) {
    const auto id = ids.find(row.offset());
    if (row.due() != 0)
      keep({row.offset(), row.due(), id == ids.end() ? Hash128{} : id->second, row.flow_hash()});
  }
}

}  // namespace reel::broker
