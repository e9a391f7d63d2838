// Foreign text inside a sentence of ours: never long, never anything but printable UTF-8.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace reel {

/// How much of a foreign text a sentence repeats.
inline constexpr std::size_t quoted_bytes_max = 64;

/// `'text'`. Control characters, quotes, backslashes and what is not UTF-8 are escaped; what is longer is cut
/// and ends with `…`.
[[nodiscard]] std::string quoted(std::string_view text);

}  // namespace reel
