// A history as numbered lines.
//
//   HistoryLines lines{bytes_of("history.jsonl")};
//   while (const auto line = lines.next()) …            // line->number, line->text or line->error
//
// One line is held in memory, whatever the file's size, and never more than a line may be long. What cannot
// be unpacked any further ends the history with a line that says so.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rehearsal/byte_source.h"

namespace reel::rehearsal {

/// Longest line: as long as the longest event in JSON. Of a longer one nothing is kept.
inline constexpr std::size_t history_line_bytes_max = 8u << 20;

struct Line {
  std::uint64_t number = 0;  ///< from 1
  std::string_view text;     ///< without its end; until the next call
  std::string error;         ///< why there is no text
};

class HistoryLines {
 public:
  explicit HistoryLines(ByteSource source);

  [[nodiscard]] std::optional<Line> next();

 private:
  std::optional<Line> last();
  Line numbered(std::string_view text);

  Unpacked bytes_;
  std::vector<char> block_;
  std::string_view rest_;     // of the block
  std::string kept_;          // of a line that began in an earlier block
  bool too_long_ = false;     // the line at hand is
  bool line_is_out_ = false;  // handed over: kept_ is free
  bool ended_ = false;
  std::uint64_t number_ = 0;
};

}  // namespace reel::rehearsal
