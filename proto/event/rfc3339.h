// Times as people and CloudEvents write them: 2026-03-01T12:00:00.5Z.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace reel {

/// `unix_ns` in UTC, with 0, 3, 6 or 9 digits of fraction, as few as say it all.
[[nodiscard]] std::string rfc3339(std::uint64_t unix_ns);

/// Nanoseconds since 1970 of an RFC 3339 time; more than 9 digits of fraction are cut. Nothing where the text
/// is none, or its year is before 1970 or after 2554, when 64 bits of nanoseconds end.
[[nodiscard]] std::optional<std::uint64_t> parse_rfc3339(std::string_view text);

}  // namespace reel
