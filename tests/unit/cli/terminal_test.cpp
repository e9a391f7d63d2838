#include "cli/terminal.h"

#include <doctest/doctest.h>

using reel::cli::columns_of;
using reel::cli::fitted;
using reel::cli::Ink;
using reel::cli::shown;
using reel::cli::Terminal;

TEST_CASE("an id that would steer the terminal is spelled out") {
  CHECK(shown("order-7") == "order-7");
  CHECK(shown("order\x1b[2J") == "order\\x1b[2J");
  CHECK(shown("two\nlines\r\ttab") == "two\\nlines\\r\\ttab");
  CHECK(shown("del\x7f") == "del\\x7f");
  CHECK(shown("c1\xc2\x9b"
              "31m") == "c1\\u009b31m");
  CHECK(shown("bidi\xe2\x80\xae") == "bidi\\u202e");
}

TEST_CASE("text in any script stays as it is, and bytes that are not text are spelled out") {
  CHECK(shown("Zürich 東京 🎉") == "Zürich 東京 🎉");
  CHECK(shown("\xff\xfe") == "\\xff\\xfe");
  CHECK(shown("cut\xe6\x9d") == "cut\\xe6\\x9d");
  CHECK(shown("overlong\xc0\xaf") == "overlong\\xc0\\xaf");
  CHECK(shown("surrogate\xed\xa0\x80") == "surrogate\\xed\\xa0\\x80");
}

TEST_CASE("colours appear on a terminal only") {
  CHECK(Terminal::none().paint(Ink::red, "late") == "late");
  CHECK(Terminal::coloured(80).paint(Ink::red, "late") == "\x1b[31mlate\x1b[0m");
  CHECK(Terminal::coloured(80).paint(Ink::plain, "late") == "late");
  CHECK(Terminal::coloured(80).paint(Ink::red, "") == "");
}

TEST_CASE("text is cut between characters, with a sign that it was cut") {
  CHECK(columns_of("Zürich") == 6);
  CHECK(fitted("Zürich", 6) == "Zürich");
  CHECK(fitted("Zürich", 5) == "Züri…");
  CHECK(fitted("Zürich", 2) == "Z…");
  CHECK(fitted("Zürich", 0) == "Zürich");
}
