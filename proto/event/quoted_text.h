// Foreign text inside a sentence of ours: never long, never anything but printable UTF-8.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace reel {

/// How much of a foreign text a sentence repeats.
inline constexpr std::size_t quoted_bytes_max = 64;

/// `'text'`. Control characters, quotes, backslashes and what is not UTF-8 are escaped; what is longer
/// than `bytes_max` is cut and ends with `…`.
[[nodiscard]] std::string in_quotes(std::string_view text, std::size_t bytes_max = quoted_bytes_max);

/// The text itself where it is a name of letters, digits and . _ - that would not be cut; else in quotes.
[[nodiscard]] std::string as_name(std::string_view text);

/// As one word of a command that a person may paste into a shell, wherever the text came from.
[[nodiscard]] std::string shell_word(std::string_view text);
/// The same as a command's last word, behind `--` where an option could be made of it.
[[nodiscard]] std::string last_shell_word(std::string_view text);

}  // namespace reel
