#include "shop/demo/board.h"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <algorithm>

#include "cli/duration_text.h"
#include "cli/table.h"
#include "shop/demo/judgement.h"

namespace shop::demo {

namespace {

using reel::cli::Align;
using reel::cli::Ink;
using reel::cli::Table;
using reel::cli::Terminal;

std::string count(const Terminal& terminal, Ink ink, std::uint64_t number, std::string_view what) {
  return fmt::format("{} {}", terminal.paint(number == 0 ? Ink::dim : ink, fmt::format("{:>6}", number)),
                     what);
}

void add_overdue(std::vector<std::string>& lines, const View& view, const Terminal& terminal) {
  if (view.rows.empty()) return;
  Table table{{"overdue"}, {"missing"}, {"late", Align::right}, {"owed by"}};
  const std::size_t shown = std::min<std::size_t>(view.rows.size(), overdue_rows_max);
  for (std::size_t i = 0; i < shown; ++i) {
    const OverdueRow& row = view.rows[i];
    table.add(
        {{row.flow, Ink::red}, {row.missing}, {reel::cli::elapsed_text(row.late)}, {row.owner, Ink::bold}});
  }
  lines.emplace_back();
  for (const std::string& line : table.lines(terminal)) lines.push_back("  " + line);
  if (view.overdue > shown)
    lines.push_back(fmt::format("  … {} flows in all: reel flows --state overdue", view.overdue));
}

}  // namespace

std::vector<OverdueRow> rows_of(const reel::v1::FlowSummary& flow, std::uint64_t now) {
  std::vector<OverdueRow> rows;
  for (const auto& expectation : flow.overdue()) {
    const std::uint64_t late = now > expectation.deadline() ? now - expectation.deadline() : 0;
    rows.push_back({flow.correlationid(), missing_text(expectation),
                    std::chrono::nanoseconds{static_cast<std::int64_t>(late)}, expectation.owner()});
  }
  return rows;
}

std::string counts_text(const View& view) {
  return fmt::format("{} open, {} completed, {} declined, {} overdue", view.open, view.completed,
                     view.declined, view.overdue);
}

std::vector<std::string> board_lines(const View& view, const Terminal& terminal) {
  std::vector<std::string> lines;
  lines.push_back(fmt::format("{}  {}", terminal.paint(Ink::bold, "the shop, on Reel"),
                              terminal.paint(Ink::dim, reel::cli::duration_text(view.elapsed))));
  lines.emplace_back();
  lines.push_back(fmt::format("{}  {}  {}  {}", count(terminal, Ink::blue, view.open, "open"),
                              count(terminal, Ink::green, view.completed, "completed"),
                              count(terminal, Ink::yellow, view.declined, "declined"),
                              count(terminal, Ink::red, view.overdue, "overdue")));
  add_overdue(lines, view, terminal);
  if (!view.news.empty()) lines.emplace_back();
  for (const std::string& line : view.news) lines.push_back("  " + terminal.paint(Ink::dim, line));
  lines.emplace_back();
  const std::string flow = view.rows.empty() ? "order-1" : view.rows.front().flow;
  lines.push_back(terminal.paint(
      Ink::dim, fmt::format("  {} follow-ups dropped so far. Look closer from another terminal: "
                            "build/release/bin/reel flow {}",
                            view.dropped, flow)));
  lines.push_back(terminal.paint(Ink::dim, "  Ctrl-C stops everything."));
  return lines;
}

void Screen::show(const std::vector<std::string>& lines) {
  // Without automatic wrapping, so that a line is one line on any width.
  std::string text = "\x1b[?7l";
  if (lines_shown_ > 0) text += fmt::format("\x1b[{}A\r", lines_shown_);
  for (const std::string& line : lines) text += line + "\x1b[K\n";
  text += "\x1b[J\x1b[?7h";
  lines_shown_ = lines.size();
  [[maybe_unused]] const ssize_t written = write(descriptor_, text.data(), text.size());
}

}  // namespace shop::demo
