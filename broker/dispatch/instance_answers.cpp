#include "dispatch/instance_answers.h"

#include <limits>
#include <vector>

namespace reel::broker {
namespace {

// Adds `count` offsets to the last range where they continue it.
void add_range(std::vector<v1::OffsetRange>& ranges, Offset first, std::uint64_t count) {
  constexpr std::uint64_t count_max = std::numeric_limits<std::uint32_t>::max();
  if (count == 0) return;
  if (!ranges.empty() && ranges.back().first() + ranges.back().count() == first &&
      ranges.back().count() + count <= count_max) {
    ranges.back().set_count(static_cast<std::uint32_t>(ranges.back().count() + count));
    return;
  }
  v1::OffsetRange& range = ranges.emplace_back();
  range.set_first(first);
  range.set_count(static_cast<std::uint32_t>(count));
}

}  // namespace

void InstanceAnswers::all_stale(std::span<const AckRange> acks, std::span<const Nack> nacks,
                                Settlement& settlement) {
  for (const AckRange& range : acks) add_range(settlement.stale, range.first, range.count);
  for (const Nack& nack : nacks) add_range(settlement.stale, nack.offset, 1);
}

void InstanceAnswers::ack(std::span<const AckRange> acks, LogTime now, TimeCounts& handling,
                          Settlement& settlement) {
  // Ranges that do not overlap visit each entry once; what visits more than overlaps account for is stale.
  Acking acking{now, handling, Dispatch::overlaps_max * deliveries_.window().size(),
                deliveries_.window().head()};
  for (const AckRange& range : acks) ack(range, acking, settlement);
}

// Settles what of the range the instance holds; the rest is stale.
void InstanceAnswers::ack(const AckRange& range, Acking& acking, Settlement& settlement) {
  const Window& window = deliveries_.window();
  const Offset end = end_of(range);
  Position position = window.lower_bound(range.first, acking.hint);
  Offset acked = range.first;     // [acked, answered) are acked but not yet reported;
  Offset answered = range.first;  // what lies behind and is not acked is stale
  for (; position != window.end() && acking.visits_left > 0; ++position, --acking.visits_left) {
    const Entry& entry = window.at(position);
    if (entry.offset >= end) break;
    if (!deliveries_.is_held_by(position, slot_, range.delivery)) continue;
    if (entry.offset != answered) {
      add_range(settlement.acked, acked, answered - acked);
      add_range(settlement.stale, answered, entry.offset - answered);
      acked = entry.offset;
    }
    answered = entry.offset + 1;
    acking.handling.add(acking.now - std::min(acking.now, deliveries_.handed_at(entry)));
    deliveries_.ack(position);
  }
  add_range(settlement.acked, acked, answered - acked);
  add_range(settlement.stale, answered, end - answered);
  acking.hint = position;
}

void InstanceAnswers::nack(std::span<const Nack> nacks, Attempts& attempts, LogTime now,
                           Settlement& settlement) {
  std::vector<const Nack*> ordered;
  ordered.reserve(nacks.size());
  for (const Nack& nack : nacks) ordered.push_back(&nack);
  std::stable_sort(ordered.begin(), ordered.end(),
                   [](const Nack* a, const Nack* b) { return a->offset < b->offset; });
  Position hint = deliveries_.window().head();
  for (const Nack* nack : ordered) {
    const Position position = deliveries_.window().find(nack->offset, hint);
    if (position == no_position || !deliveries_.is_held_by(position, slot_, nack->delivery)) {
      add_range(settlement.stale, nack->offset, 1);
      continue;
    }
    attempts.nacked(position, *nack, now, settlement);
    hint = position;
  }
}

}  // namespace reel::broker
