// Where a journaled pattern begins: from which offset on a service wants what it matches.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "reel/v1/ledger.pb.h"

namespace reel {

/// On `topic`, which it matches.
[[nodiscard]] inline std::uint64_t begin_of(const v1::Pattern& pattern, std::string_view topic) {
  const auto& begins = pattern.begins();
  const auto found = std::lower_bound(
      begins.begin(), begins.end(), topic,
      [](const v1::TopicOffset& begin, std::string_view wanted) { return begin.topic() < wanted; });
  const bool has_own = found != begins.end() && found->topic() == topic;
  return has_own ? std::min(found->offset(), pattern.from_offset()) : pattern.from_offset();
}

/// On any topic.
[[nodiscard]] inline std::uint64_t begin_of(const v1::Pattern& pattern) {
  std::uint64_t first = pattern.from_offset();
  for (const auto& begin : pattern.begins()) first = std::min(first, begin.offset());
  return first;
}

}  // namespace reel
