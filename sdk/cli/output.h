// What a command prints: whole lines on standard output, written when there is something worth showing.
//
// Lines are gathered and written by flush(), or at once on a terminal. A reader that went away
// (`reel sub … | head`) is not an error: write fails, OutputClosed travels up and main ends with 0. For
// that SIGPIPE must be ignored; main does it.
//
// Not for sharing between threads.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "cli/terminal.h"

namespace reel::cli {

/// Nobody reads any more.
struct OutputClosed : std::exception {
  [[nodiscard]] const char* what() const noexcept override { return "the output was closed"; }
};

class Output {
 public:
  Output(int descriptor, Terminal terminal) : descriptor_{descriptor}, terminal_{terminal} {}

  /// Prints one line. Throws OutputClosed where nobody reads any more.
  void line(std::string_view text);
  void lines(const std::vector<std::string>& lines);
  /// Prints part of a text that has its own line ends, piece by piece.
  void part(std::string_view text);
  /// Writes text that is no line, at once: a progress bar.
  void raw(std::string_view text);
  /// Writes what has been gathered.
  void flush();

  /// Whether nobody would read what is written now: for a command that waits long between lines.
  [[nodiscard]] bool reader_gone() const;

  [[nodiscard]] const Terminal& terminal() const { return terminal_; }

 private:
  /// Beyond this, lines are written without waiting for flush().
  static constexpr std::size_t gathered_bytes_max = 64 * 1024;

  int descriptor_;
  Terminal terminal_;
  std::string gathered_;
};

}  // namespace reel::cli
