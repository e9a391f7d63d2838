// Where text goes: how wide it is, whether it takes colours, and how foreign text is made safe for it.
//
//   const Terminal out = Terminal::of(STDOUT_FILENO);
//   out.paint(Ink::red, "OVERDUE 12s")       // plain text where colours would be noise
//   shown("order\x1b[2J")                    // "order\x1b[2J", spelled out: an id cannot clear the screen
//
// Colours appear on a terminal only, and not where NO_COLOR is set (https://no-color.org) or TERM is dumb.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace reel::cli {

enum class Ink { plain, bold, dim, red, green, yellow, blue, magenta, cyan };

class Terminal {
 public:
  /// What stands behind a file descriptor, by isatty and the environment.
  [[nodiscard]] static Terminal of(int descriptor);
  /// A pipe or a file: no colours, no width.
  [[nodiscard]] static Terminal none() { return {false, false, 0}; }
  /// A terminal of so many columns that takes colours.
  [[nodiscard]] static Terminal coloured(std::size_t columns) { return {true, true, columns}; }

  /// Whether a person is likely to be watching.
  [[nodiscard]] bool interactive() const { return interactive_; }
  [[nodiscard]] bool colours() const { return colours_; }
  /// 0: unlimited.
  [[nodiscard]] std::size_t columns() const { return columns_; }

  /// `text` in a colour, or as it is.
  [[nodiscard]] std::string paint(Ink ink, std::string_view text) const;

 private:
  Terminal(bool interactive, bool colours, std::size_t columns)
      : interactive_{interactive}, colours_{colours}, columns_{columns} {}

  bool interactive_;
  bool colours_;
  std::size_t columns_;
};

/// Foreign text with what could steer a terminal or break a line spelled out: control characters, bytes
/// that are not UTF-8, and marks that reverse the reading direction. A backslash stays as it is.
[[nodiscard]] std::string shown(std::string_view text);

/// How many columns UTF-8 text takes; a character counts as one.
[[nodiscard]] std::size_t columns_of(std::string_view text);

/// `text` or as much of it as fits, ending in "…".
[[nodiscard]] std::string fitted(std::string_view text, std::size_t columns_max);

}  // namespace reel::cli
