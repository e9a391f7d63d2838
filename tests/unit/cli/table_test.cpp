#include "cli/table.h"

#include <doctest/doctest.h>

using reel::cli::Align;
using reel::cli::Ink;
using reel::cli::Table;
using reel::cli::Terminal;

namespace {

std::string text_of(const Table& table, const Terminal& terminal) {
  std::string text;
  for (const std::string& line : table.lines(terminal)) text += line + "\n";
  return text;
}

Table topics() {
  Table table{{"TOPIC"}, {"PUBLISHED", Align::right}, {"SERVICES"}};
  table.add({{"order.placed"}, {"1042"}, {"payments, invoicing, notifications"}});
  table.add({{"a\nb"}, {"7"}, {""}});
  return table;
}

}  // namespace

TEST_CASE("a column is as wide as its widest cell, numbers stand to the right, nothing is left empty") {
  CHECK(text_of(topics(), Terminal::none()) ==
        "TOPIC         PUBLISHED  SERVICES\n"
        "order.placed       1042  payments, invoicing, notifications\n"
        "a\\nb                  7  -\n");
}

TEST_CASE("on a terminal the last column gives way to the edge and the headings are bold") {
  CHECK(text_of(topics(), Terminal::coloured(34)) ==
        "\x1b[1mTOPIC\x1b[0m         \x1b[1mPUBLISHED\x1b[0m  \x1b[1mSERVICES\x1b[0m\n"
        "order.placed       1042  payments…\n"
        "a\\nb                  7  -\n");
}
