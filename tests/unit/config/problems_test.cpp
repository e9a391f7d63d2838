#include "config/problems.h"

#include <doctest/doctest.h>

using namespace reel::config;

namespace {

std::string report_of(std::string_view text, Place place, const std::string& hint = "") {
  Problems problems{"reel.yaml", text};
  problems.add(place, "wrong", hint);
  return problems.report();
}

}  // namespace

TEST_CASE("a problem shows its place, its line, and a caret with the hint") {
  CHECK(report_of("a: 1\n  b: 2\n", {2, 3}, "did you mean 'c'?") ==
        "reel.yaml:2:3: wrong\n"
        "    b: 2\n"
        "    ^ did you mean 'c'?\n"
        "reel.yaml: 1 problem");
}

TEST_CASE("a problem of the whole file shows no line") {
  CHECK(report_of("a: 1\n", {}) ==
        "reel.yaml: wrong\n"
        "reel.yaml: 1 problem");
}

TEST_CASE("the caret stands under the character, whatever stands before it") {
  SUBCASE("characters of several bytes") {
    CHECK(report_of("größe: x", {1, 8}) ==
          "reel.yaml:1:8: wrong\n"
          "  größe: x\n"
          "         ^\n"
          "reel.yaml: 1 problem");
  }
  SUBCASE("tabs and a carriage return") {
    CHECK(report_of("a:\t\tx\r\n", {1, 5}) ==
          "reel.yaml:1:5: wrong\n"
          "  a:  x\n"
          "      ^\n"
          "reel.yaml: 1 problem");
  }
  SUBCASE("bytes a terminal must not see") {
    CHECK(report_of("\x1b[2J\xff x", {1, 6}) ==
          "reel.yaml:1:6: wrong\n"
          "  ?[2J? x\n"
          "       ^\n"
          "reel.yaml: 1 problem");
  }
  SUBCASE("a place behind the line's end") {
    CHECK(report_of("a:", {1, 99}) ==
          "reel.yaml:1:99: wrong\n"
          "  a:\n"
          "    ^\n"
          "reel.yaml: 1 problem");
  }
  SUBCASE("a line behind the file's end") {
    CHECK(report_of("a:", {7, 1}) ==
          "reel.yaml:7:1: wrong\n"
          "  \n"
          "  ^\n"
          "reel.yaml: 1 problem");
  }
}

TEST_CASE("of a long line the part around the caret is shown") {
  std::string line(300, 'x');
  line[149] = '!';
  CHECK(report_of(line, {1, 150}) ==
        "reel.yaml:1:150: wrong\n"
        "  ..." +
            std::string(33, 'x') + "!" + std::string(66, 'x') + "...\n" + std::string(38, ' ') +
            "^\n"
            "reel.yaml: 1 problem");
  CHECK(report_of(line, {1, 1}) ==
        "reel.yaml:1:1: wrong\n"
        "  " +
            std::string(100, 'x') +
            "...\n"
            "  ^\n"
            "reel.yaml: 1 problem");
  CHECK(report_of(line, {1, 300}) ==
        "reel.yaml:1:300: wrong\n"
        "  ..." +
            std::string(100, 'x') + "\n" + std::string(104, ' ') +
            "^\n"
            "reel.yaml: 1 problem");
}

TEST_CASE("problems stand in the order of the file, those of other files behind") {
  Problems problems{"reel.yaml", "a\nb\n"};
  problems.add_foreign("shop.proto:1:1: wrong there");
  problems.add({2, 1}, "second");
  problems.add({1, 1}, "first");
  problems.add({}, "of the file");
  CHECK(problems.report() ==
        "reel.yaml: of the file\n"
        "reel.yaml:1:1: first\n"
        "  a\n"
        "  ^\n"
        "reel.yaml:2:1: second\n"
        "  b\n"
        "  ^\n"
        "shop.proto:1:1: wrong there\n"
        "reel.yaml: 4 problems");
}

TEST_CASE("beyond a hundred problems the rest is counted") {
  Problems problems{"reel.yaml", ""};
  for (int i = 0; i < 250; ++i) problems.add({}, "wrong");
  CHECK_FALSE(problems.room());
  CHECK(problems.report().ends_with("reel.yaml: wrong\nreel.yaml: 250 problems, the first 100 are shown"));
}
