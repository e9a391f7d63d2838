// Whether bytes are UTF-8, which every id, name and proto3 string must be, and where its characters end.
#pragma once

#include <cstddef>
#include <string_view>

namespace reel {

/// True for well-formed UTF-8: shortest forms only, no surrogates, nothing beyond U+10FFFF. ASCII is looked
/// at eight bytes at a time.
[[nodiscard]] bool is_utf8(std::string_view bytes);

/// Bytes of the character that `bytes` begin with, 1 to 4; 0 where none does. `bytes` must not be empty.
[[nodiscard]] std::size_t character_bytes(std::string_view bytes);

/// As many whole characters as have at most `bytes_max` bytes, of a text that is UTF-8: cut anywhere else,
/// it is none, and no frame can be read that has it.
[[nodiscard]] std::string_view beginning_of(std::string_view text, std::size_t bytes_max);

}  // namespace reel
