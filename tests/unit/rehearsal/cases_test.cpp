#include "rehearsal/cases.h"

#include <doctest/doctest.h>

#include "rehearsal/case_run.h"

using namespace reel::rehearsal;

namespace {

const std::string flows =
    "flows:\n"
    "  f: {expect: [{after: a, any_of: [b, c], within: 5s}, {after: a, any_of: [e], within: 1h}], end: [e]}\n"
    "topics: {a: {}, b: {}, c: {}, e: {}}\n";

std::string wrong_with(const std::string& cases) {
  try {
    (void)parse_cases(cases, "c.yaml");
    return "nothing";
  } catch (const reel::config::ConfigError& error) {
    return error.what();
  }
}

/// The differences of the one case.
std::string played(const std::string& trace, const std::string& expect) {
  const std::string text =
      "flows: {f: {start: a, expect: [{after: a, any_of: [b, c], within: 5s}, {after: a, any_of: [e], "
      "within: 1h}], "
      "end: [e]}}\n"
      "cases:\n  one:\n    trace: [" +
      trace + "]\n    expect: {" + expect + "}\n";
  const CaseFile file = parse_cases(text, "c.yaml");
  std::string differences;
  for (const Difference& each : play(file, file.cases.at(0)).differences) {
    differences += (differences.empty() ? "" : "\n") + std::to_string(each.line) + " " + each.subject +
                   ": expected " + each.expected + ", got " + each.got;
  }
  return differences;
}

}  // namespace

TEST_CASE("a verdict is met, late, overdue, open, cancelled, and says when") {
  CHECK(played("0s a, 5s b", "a -> b: met") == "");
  CHECK(played("0s a, 5s b", "a -> b: met at 5s") == "");
  CHECK(played("0s a, 7s c", "a -> b: met late by 2s") == "");
  CHECK(played("0s a, 5s", "a -> b: overdue at 5s") == "");
  CHECK(played("0s a, 4s", "a -> b: open until 5s, f: open") == "");
  CHECK(played("0s a, 4s e", "a -> b: cancelled at 4s, f: completed at 4s") == "");
  CHECK(played("0s a, 7s reel.flow.waived", "a -> b: waived at 7s, f: open") == "");
  CHECK(played("0s b", "a -> b: not armed, f: not begun") == "");
  CHECK(played("0s a, 1s a, 5500ms b", "'a -> b': 'met late by 500ms, met'") == "");
}

TEST_CASE("a difference shows both sides") {
  CHECK(played("0s a, 7s b", "a -> b: met at 5s") == "5 a -> b: expected met at 5s, got met late by 2s");
  CHECK(played("0s a, 7s b", "a -> b: met late by 3s") ==
        "5 a -> b: expected met late by 3s, got met late by 2s");
  CHECK(played("0s a", "f: completed") == "5 f: expected completed, got open");
}

TEST_CASE("what is overdue and not named is a difference") {
  CHECK(played("0s a, 5s", "f: overdue") ==
        "3 f/a -> b, c: expected nothing violated that is not named, got overdue at 5s");
}

TEST_CASE("flows are told apart by their name") {
  CHECK(played("0s a flow=x, 0s a flow=y, 1s b flow=x, 5s", "a -> b of x: met, a -> b of y: overdue") == "");
}

TEST_CASE("every mistake in a case is said at its place") {
  CHECK(wrong_with(flows + "cases:\n"
                           "  one:\n"
                           "    trace:\n"
                           "      - 5s bb\n"
                           "      - 6 b\n"
                           "      - 7s b\n"
                           "      - 1s b\n"
                           "    expect:\n"
                           "      a -> x: met\n"
                           "      g: open\n"
                           "      a -> b: mett\n") ==
        "c.yaml:7:9: unknown topic 'bb'\n"
        "        - 5s bb\n"
        "          ^\n"
        "c.yaml:8:9: a line begins with its time, '6' is not a duration such as 500ms, 30s, 5m, 1h or 7d\n"
        "        - 6 b\n"
        "          ^\n"
        "c.yaml:10:9: time goes back: a line is at 7s already\n"
        "        - 1s b\n"
        "          ^\n"
        "c.yaml:12:7: there is no expectation 'a -> x'\n"
        "        a -> x: met\n"
        "        ^\n"
        "c.yaml:13:7: there is no definition 'g'\n"
        "        g: open\n"
        "        ^\n"
        "c.yaml:14:15: 'mett' is no verdict of an expectation: met, met late, overdue, open, cancelled, "
        "broken, not "
        "armed\n"
        "        a -> b: mett\n"
        "                ^\n"
        "c.yaml: 6 problems");
}
