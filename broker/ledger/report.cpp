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

void append(std::vector<v1::OffsetRange>& ranges, Stretch stretch) {
  constexpr std::uint64_t count_max = std::numeric_limits<std::uint32_t>::max();
  while (stretch.first != stretch.end) {
    v1::OffsetRange& range = ranges.emplace_back();
    range.set_first(stretch.first);
    range.set_count(static_cast<std::uint32_t>(std::min(stretch.end - stretch.first, count_max)));
    stretch.first += range.count();
  }
}

// `size` stretches in any order, overlaps included, as ascending disjoint ranges.
template <typename StretchAt>
std::vector<v1::OffsetRange> joined(std::size_t size, const StretchAt& at) {
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
  std::vector<v1::OffsetRange> ranges;
  Stretch open;
  for (const Stretch& next : stretches) {
    if (next.first > open.end) {
      append(ranges, open);
      open = next;
    } else {
      if (open.first == open.end) open.first = next.first;
      open.end = std::max(open.end, next.end);
    }
  }
  append(ranges, open);
  return ranges;
}

}  // namespace

std::vector<v1::OffsetRange> pack(std::span<const Offset> offsets) {
  return joined(offsets.size(), [&](std::size_t i) { return Stretch{offsets[i], offsets[i] + 1}; });
}

std::optional<v1::DeliveryReport> report_of(std::string_view service, std::string_view instance,
                                            const Settlement& settlement) {
  if (settlement.acked.empty() && settlement.failures.empty()) return std::nullopt;
  v1::DeliveryReport report;
  report.set_service(std::string{service});
  report.set_instance(std::string{instance});
  const auto acked = joined(settlement.acked.size(), [&](std::size_t i) {
    const v1::OffsetRange& range = settlement.acked[i];
    return Stretch{range.first(), range.first() + range.count()};
  });
  report.mutable_acked()->Add(acked.begin(), acked.end());
  report.mutable_failures()->Add(settlement.failures.begin(), settlement.failures.end());
  return report;
}

}  // namespace reel::broker
