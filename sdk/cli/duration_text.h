// Times and durations as people write them.
//
//   duration_text(90s)             "1m 30s"
//   gap_text(15ms)                 "+15 ms"
//   parse_duration("10m")          600s
//   clock_text(t)                  "10:02:11.004", in the reader's time zone
//
// Times are nanoseconds since 1970, as everywhere on the wire. Pure but for the process's time zone.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reel::cli {

using std::chrono::nanoseconds;

/// The two largest units: "850ms", "1.5s", "12s", "1m 30s", "2h 5m", "3d 4h". Below a minute as exact as
/// milliseconds are; cut, not rounded, so that nothing reads as later than it is. Negative reads as "0ms".
[[nodiscard]] std::string duration_text(nanoseconds duration);

/// As duration_text, but whole seconds from ten seconds on and tenths below: for what grows while one reads.
[[nodiscard]] std::string elapsed_text(nanoseconds duration);

/// The time between two steps: "+0.4 ms", "+15 ms", "+1.25 s", "+2m 5s".
[[nodiscard]] std::string gap_text(nanoseconds gap);

/// "250ms", "10m", as in reel.yaml. Nothing where it has no unit or is none.
[[nodiscard]] std::optional<nanoseconds> parse_duration(std::string_view text);

/// RFC 3339 with any offset, or a date alone (midnight UTC). Nothing where it is neither or before 1970.
[[nodiscard]] std::optional<std::uint64_t> parse_time(std::string_view text);

/// Time of day with milliseconds, in the local zone.
[[nodiscard]] std::string clock_text(std::uint64_t unix_ns);

/// "2026-03-01 10:02:11", in the local zone.
[[nodiscard]] std::string date_text(std::uint64_t unix_ns);

[[nodiscard]] std::uint64_t unix_now();

}  // namespace reel::cli
