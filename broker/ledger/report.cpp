// Settlements as reports: ranges as few as can be, since every ack of the bus passes here and is kept.
#include <algorithm>
#include <limits>

#include "ledger/ledger.h"

namespace reel::broker {
namespace {

struct Stretch {
  Offset first = 0;
  Offset end = 0;
};

// Ranges count in 32 bits.
template <typename AddRange>
void write(const Stretch& stretch, const AddRange& add_range) {
  constexpr std::uint64_t count_max = std::numeric_limits<std::uint32_t>::max();
  for (Offset first = stretch.first; first != stretch.end;) {
    v1::OffsetRange& range = add_range();
    range.set_first(first);
    range.set_count(static_cast<std::uint32_t>(std::min(stretch.end - first, count_max)));
    first += range.count();
  }
}

// Adds `size` stretches, which may stand in any order and overlap, as few ascending disjoint ranges.
template <typename StretchAt, typename AddRange>
void join(std::size_t size, const StretchAt& at, const AddRange& add_range) {
  std::vector<Stretch> stretches;
  bool ascending = true;
  for (std::size_t i = 0; i < size; ++i) {
    const Stretch next = at(i);
    if (next.first == next.end) continue;
    if (!stretches.empty() && next.first < stretches.back().first) ascending = false;
    if (ascending && !stretches.empty() && next.first <= stretches.back().end) {
      stretches.back().end = std::max(stretches.back().end, next.end);
    } else {
      stretches.push_back(next);
    }
  }
  if (!ascending) {
    std::sort(stretches.begin(), stretches.end(),
              [](const Stretch& a, const Stretch& b) { return a.first < b.first; });
  }
  Stretch open;
  for (const Stretch& next : stretches) {
    if (next.first > open.end) {
      write(open, add_range);
      open = next;
    } else {
      if (open.first == open.end) open.first = next.first;
      open.end = std::max(open.end, next.end);
    }
  }
  write(open, add_range);
}

// One entry for each stretch of one key; `origins` only where they differ.
void add_parked(const std::vector<ParkedEvent>& events, v1::DeliveryReport& report) {
  for (std::size_t begin = 0; begin < events.size();) {
    std::vector<Offset> offsets;
    std::vector<Offset> origins;
    std::size_t end = begin;
    for (; end < events.size() && events[end].key_hash == events[begin].key_hash; ++end) {
      offsets.push_back(events[end].offset);
      origins.push_back(events[end].origin);
    }
    v1::Parked& parked = *report.add_parked();
    parked.set_key_hash(events[begin].key_hash);
    add_in_order(offsets, *parked.mutable_offsets());
    if (origins != offsets) add_in_order(origins, *parked.mutable_origins());
    begin = end;
  }
}

}  // namespace

std::vector<v1::OffsetRange> pack(std::span<const Offset> offsets) {
  std::vector<v1::OffsetRange> ranges;
  join(
      offsets.size(),
      [&](std::size_t i) {
        return Stretch{offsets[i], offsets[i] + 1};
      },
      [&]() -> v1::OffsetRange& { return ranges.emplace_back(); });
  return ranges;
}

v1::Failure gone_letter(Offset origin, LogTime now) {
  v1::Failure failure;
  failure.set_offset(origin);
  failure.set_ending(v1::ENDING_DEAD);
  failure.set_error_type("reel.Gone");
  failure.set_error("the journal no longer has the event");
  failure.set_first_failed_at(now);
  failure.set_failed_at(now);
  return failure;
}

void add_in_order(std::span<const Offset> offsets, google::protobuf::RepeatedPtrField<v1::OffsetRange>& to) {
  for (const Offset offset : offsets) {
    if (!to.empty()) {
      v1::OffsetRange& last = to[to.size() - 1];
      if (last.first() + last.count() == offset) {
        last.set_count(last.count() + 1);
        continue;
      }
    }
    v1::OffsetRange& range = *to.Add();
    range.set_first(offset);
    range.set_count(1);
  }
}

std::optional<v1::DeliveryReport> report_of(std::string_view service, std::string_view instance,
                                            const Settlement& settlement) {
  if (settlement.acked.empty() && settlement.failures.empty() && settlement.parked.empty()) {
    return std::nullopt;
  }
  std::optional<v1::DeliveryReport> report{std::in_place};
  report->set_service(std::string{service});
  report->set_instance(std::string{instance});
  const auto acked_at = [&](std::size_t i) {
    const v1::OffsetRange& range = settlement.acked[i];
    return Stretch{range.first(), range.first() + range.count()};
  };
  join(settlement.acked.size(), acked_at, [&]() -> v1::OffsetRange& { return *report->add_acked(); });
  report->mutable_failures()->Add(settlement.failures.begin(), settlement.failures.end());
  add_parked(settlement.parked, *report);
  return report;
}

}  // namespace reel::broker
