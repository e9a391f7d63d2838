// The most used fields of a notice as environment variables, for programs that would rather not read JSON:
// REEL_STATUS, REEL_TITLE, REEL_OWNER, …; docs/alerts.md has them all.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "alerts/notice.h"

namespace reel::alerts {

/// Of one value; what is longer is cut. Linux refuses a program whose environment is too large.
inline constexpr std::size_t variable_bytes_max = 4'096;

/// NAME=value each; a field that the notice does not have is an empty value. Never a zero byte.
[[nodiscard]] std::vector<std::string> environment_of(const Notice& notice);

}  // namespace reel::alerts
