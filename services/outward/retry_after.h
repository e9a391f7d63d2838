// The Retry-After header of HTTP, as far as it is a number of seconds: its date would need two machines whose
// clocks agree. Pure.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace reel::outward {

/// How long to wait at least, up to an hour: who is asked to wait for a day by mistake would. Nothing where
/// it is a date or no number.
[[nodiscard]] std::optional<std::chrono::seconds> retry_after_of(std::string_view header);

}  // namespace reel::outward
