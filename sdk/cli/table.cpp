#include "cli/table.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace reel::cli {
namespace {

constexpr std::size_t column_gap = 2;

/// Spaces around a cell that takes `used` of a column's `width`.
std::string aligned(std::string painted, std::size_t used, std::size_t width, Align align, bool last) {
  const std::string space(width > used ? width - used : 0, ' ');
  if (align == Align::right) return space + painted;
  return last ? painted : painted + space;
}

}  // namespace

void Table::add(std::vector<Cell> row) {
  assert(row.size() == columns_.size());
  for (Cell& cell : row) cell.text = cell.text.empty() ? "-" : shown(cell.text);
  rows_.push_back(std::move(row));
}

std::vector<std::size_t> Table::widths() const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = columns_of(columns_[i].heading);
    for (const auto& row : rows_) width = std::max(width, columns_of(row[i].text));
    widths.push_back(width);
  }
  return widths;
}

std::vector<std::string> Table::lines(const Terminal& terminal) const {
  const std::vector<std::size_t> width = widths();
  const auto line = [&](const auto& cell_at) {
    std::string text;
    std::size_t begin = 0;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      Cell cell = cell_at(i);
      // Only the last column gives way to the terminal's edge: cutting an id or a topic helps nobody.
      const bool last = i + 1 == columns_.size();
      if (last && terminal.columns() > begin) cell.text = fitted(cell.text, terminal.columns() - begin);
      text += aligned(terminal.paint(cell.ink, cell.text), columns_of(cell.text), width[i], columns_[i].align,
                      last);
      if (!last) text.append(column_gap, ' ');
      begin += width[i] + column_gap;
    }
    return text;
  };
  std::vector<std::string> lines;
  lines.push_back(line([&](std::size_t i) { return Cell{columns_[i].heading, Ink::bold}; }));
  for (const auto& row : rows_) lines.push_back(line([&](std::size_t i) { return row[i]; }));
  return lines;
}

}  // namespace reel::cli
