// Whether bytes are UTF-8, which every id, name and proto3 string must be.
#pragma once

#include <string_view>

namespace reel {

/// True for well-formed UTF-8: shortest forms only, no surrogates, nothing beyond U+10FFFF. ASCII is looked
/// at eight bytes at a time.
[[nodiscard]] bool is_utf8(std::string_view bytes);

}  // namespace reel
