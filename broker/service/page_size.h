// How many rows of an answer make a page, where each row has an event's bytes: large events make short pages.
#pragma once

#include <cstddef>

namespace reel::broker {

/// Bytes of the events in one page, its last event excepted.
inline constexpr std::size_t page_bytes_max = 4u << 20;

/// Those that fit of `rows`, from the first on.
template <typename Rows>
[[nodiscard]] int rows_that_fit(const Rows& rows) {
  std::size_t bytes = 0;
  int count = 0;
  while (count < rows.size() && bytes < page_bytes_max) bytes += rows.Get(count++).event().size();
  return count;
}

}  // namespace reel::broker
