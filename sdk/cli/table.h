// Rows under headings, each column as wide as its widest cell.
//
//   Table table{{"topic"}, {"published", Align::right}};
//   table.add({{"order.placed"}, {"1042"}});
//   for (const std::string& line : table.lines(terminal)) …
//
// The same columns stand in a file as on a terminal, so that `awk` and eyes agree; colours and the cut at
// the terminal's edge appear on a terminal only. Cells are foreign text: they are made safe here.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "cli/terminal.h"

namespace reel::cli {

enum class Align { left, right };

struct Column {
  std::string heading;
  Align align = Align::left;
};

struct Cell {
  std::string text;
  Ink ink = Ink::plain;
};

class Table {
 public:
  Table(std::initializer_list<Column> columns) : columns_{columns} {}

  /// One cell for each column.
  void add(std::vector<Cell> row);
  [[nodiscard]] bool empty() const { return rows_.empty(); }

  /// The headings and the rows. An empty cell is shown as "-", so that every line has every column.
  [[nodiscard]] std::vector<std::string> lines(const Terminal& terminal) const;

 private:
  [[nodiscard]] std::vector<std::size_t> widths() const;

  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace reel::cli
