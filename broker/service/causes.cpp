#include "service/causes.h"

#include <algorithm>
#include <set>

namespace reel::broker {

Causes::Causes(const google::protobuf::RepeatedPtrField<v1::Settle::Emitted>& emitted) {
  std::uint64_t end = 0;
  for (const auto& item : emitted) ends_.emplace_back(end += item.count(), item.offset());
  if (has_repeats()) drop_repeats();
}

Offset Causes::of(std::uint32_t entry) const {
  const auto range = std::upper_bound(ends_.begin(), ends_.end(), entry,
                                      [](std::uint32_t at, const auto& item) { return at < item.first; });
  return range == ends_.end() ? 0 : range->second;
}

bool Causes::has_repeats() const {
  std::vector<Offset> offsets;
  offsets.reserve(ends_.size());
  for (const auto& [end, offset] : ends_) offsets.push_back(offset);
  std::sort(offsets.begin(), offsets.end());
  return std::adjacent_find(offsets.begin(), offsets.end()) != offsets.end();
}

void Causes::drop_repeats() {
  std::set<Offset> known;
  for (auto& [end, offset] : ends_) {
    if (!known.insert(offset).second) offset = 0;
  }
}

}  // namespace reel::broker
