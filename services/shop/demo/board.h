// The demo's board: how many orders stand where, and for each overdue one what is missing, how late it is and
// who owes it.
//
//   for (const std::string& line : board_lines(view, terminal)) …       // pure: what to show
//   Screen screen{STDOUT_FILENO};
//   screen.show(lines);                                                   // in place, over the last ones
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "cli/terminal.h"
#include "reel/v1/query.pb.h"

namespace shop::demo {

/// One overdue expectation.
struct OverdueRow {
  std::string flow;
  std::string missing;
  std::chrono::nanoseconds late{0};
  std::string owner;
};

/// Everything the board shows.
struct View {
  std::chrono::seconds elapsed{0};
  std::uint64_t open = 0;
  std::uint64_t completed = 0;
  std::uint64_t declined = 0;
  std::uint64_t overdue = 0;
  std::uint64_t dropped = 0;
  /// The newest overdue flows first; no more than fit.
  std::vector<OverdueRow> rows;
  /// What happened to the processes, newest last.
  std::deque<std::string> news;
};

/// Rows of overdue flows on the board: with everything else they fit on a terminal of 24 lines.
inline constexpr std::uint32_t overdue_rows_max = 8;
/// Lines of news on the board.
inline constexpr std::size_t news_lines_max = 4;

/// An overdue flow's expectations as rows; `now` is the tracker's watermark.
[[nodiscard]] std::vector<OverdueRow> rows_of(const reel::v1::FlowSummary& flow, std::uint64_t now);

[[nodiscard]] std::vector<std::string> board_lines(const View& view, const reel::cli::Terminal& terminal);

/// "12 open, 211 completed, 31 declined, 9 overdue"
[[nodiscard]] std::string counts_text(const View& view);

/// Draws lines over the ones drawn before.
class Screen {
 public:
  explicit Screen(int descriptor) : descriptor_{descriptor} {}
  void show(const std::vector<std::string>& lines);

 private:
  int descriptor_;
  std::size_t lines_shown_ = 0;
};

}  // namespace shop::demo
