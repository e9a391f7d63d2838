// UTF-8, one character at a time: what columns are counted in, and what a file must be made of.
//
// Pure functions.
#pragma once

#include <cstddef>
#include <string_view>

namespace reel::config {

struct Character {
  char32_t code = 0;
  std::size_t bytes = 1;  ///< how many it takes in the text; 1 where the first is not valid UTF-8
  bool valid = true;
};

/// The character at the front of `text`, which is not empty. Overlong forms, surrogates and what is beyond
/// U+10FFFF are not valid.
[[nodiscard]] Character first_character(std::string_view text);

/// Not to be sent to a terminal and not meant in a file: C0 and C1 controls other than tab, newline and
/// carriage return.
[[nodiscard]] bool is_control(char32_t code);

}  // namespace reel::config
