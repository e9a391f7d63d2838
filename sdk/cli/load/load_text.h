// What a load came to, for people and as JSON. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/load/load.h"

namespace reel::cli {

/// Three or more lines:
///
///   100,000 published at 52,310/s, 100,000 arrived at 52,190/s
///   accepted  p50 1.2 ms  p99 8.1 ms  p99.9 9.0 ms
///   arrived   p50 1.4 ms  p99 8.4 ms  p99.9 9.4 ms
///   nothing lost, repeated or out of order
[[nodiscard]] std::vector<std::string> load_lines(const LoadResult& result);
[[nodiscard]] nlohmann::ordered_json load_json(const LoadResult& result);

/// "85 µs", "1.2 ms", "3.1 s": two digits are enough for what varies by more.
[[nodiscard]] std::string latency_text(std::uint64_t ns);

}  // namespace reel::cli
