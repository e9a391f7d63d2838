#include "config/reader.h"

#include <doctest/doctest.h>

using namespace reel::config;
using namespace std::chrono_literals;

namespace {

// Reads `text` with `read`, and gives the report or "valid".
template <typename Read>
std::string reading(std::string_view text, Read read) {
  Problems problems{"reel.yaml", text};
  const Node tree = parse_yaml(text, problems);
  {
    Section root{tree, "", tree.place, problems};
    read(root);
  }
  return problems.empty() ? "valid" : problems.report();
}

}  // namespace

TEST_CASE("what is given is read, what is not keeps its default") {
  std::string text = "default";
  bool flag = false;
  double share = 0.5;
  milliseconds duration{1};
  std::uint32_t size = 1;
  int count = 1;
  std::string kept = "default";
  CHECK(
      reading("{text: x, flag: true, share: 12.5%, duration: 2s, size: 3KiB, count: 7}", [&](Section& root) {
        root.read_text("text", text);
        root.read_flag("flag", flag);
        root.read_share("share", share);
        root.read_duration("duration", duration, between(1ms, 1h));
        root.read_size("size", size, {1, 1u << 20});
        root.read_count("count", count, {1, 100});
        root.read_text("kept", kept);
      }) == "valid");
  CHECK(text == "x");
  CHECK(flag);
  CHECK(share == 0.125);
  CHECK(duration == 2s);
  CHECK(size == 3072);
  CHECK(count == 7);
  CHECK(kept == "default");
}

TEST_CASE("keys that nobody asked for are unknown, with those that were as suggestions") {
  CHECK(reading("{retain: 1, retian: 2, colour: 3}", [](Section& root) { (void)root.find("retain"); }) ==
        "reel.yaml:1:13: unknown key 'retian'\n"
        "  {retain: 1, retian: 2, colour: 3}\n"
        "              ^ did you mean 'retain'?\n"
        "reel.yaml:1:24: unknown key 'colour'\n"
        "  {retain: 1, retian: 2, colour: 3}\n"
        "                         ^\n"
        "reel.yaml: 2 problems");
}

TEST_CASE("a needed key that is missing is said at the map's key, unless it is there misspelt") {
  const auto read = [](Section& root) {
    auto section = root.section("route");
    (void)section.need("from");
    (void)section.need("to");
  };
  CHECK(reading("route: {frm: a}", read) ==
        "reel.yaml:1:1: 'route' needs 'to'\n"
        "  route: {frm: a}\n"
        "  ^\n"
        "reel.yaml:1:9: unknown key 'frm' in 'route'\n"
        "  route: {frm: a}\n"
        "          ^ did you mean 'from'?\n"
        "reel.yaml: 2 problems");
  CHECK_MESSAGE(reading("{}", read) == "valid", "what is not there needs nothing");
}

TEST_CASE("a wrong value leaves the target as it was, and says what it should be") {
  milliseconds duration = 1s;
  CHECK(reading("{duration: 5 parsecs}",
                [&](Section& root) { root.read_duration("duration", duration, between(1ms, 1h)); }) ==
        "reel.yaml:1:12: 'duration' must be a duration such as 500ms, 30s, 5m, 1h or 7d, is 5 parsecs\n"
        "  {duration: 5 parsecs}\n"
        "             ^\n"
        "reel.yaml: 1 problem");
  CHECK(duration == 1s);
}

TEST_CASE("values are quoted as they were written") {
  const auto read = [](Section& root) {
    int count = 0;
    root.read_count("n", count, {1, 9});
  };
  CHECK(reading("n: \"3 \"", read) ==
        "reel.yaml:1:4: 'n' must be a whole number, is \"3 \"\n"
        "  n: \"3 \"\n"
        "     ^\n"
        "reel.yaml: 1 problem");
  CHECK(reading("n: 010", read) ==
        "reel.yaml:1:4: 'n' is 010, must be between 1 and 9\n"
        "  n: 010\n"
        "     ^\n"
        "reel.yaml: 1 problem");
}

TEST_CASE("an alias is one problem, whatever it stands for") {
  CHECK(reading("n: *x", [](Section& root) {
          int count = 0;
          root.read_count("n", count, {1, 9});
        }).ends_with("reel.yaml: 1 problem"));
}

TEST_CASE("a section that is written without anything in it is an empty one") {
  CHECK(reading("route:\nlist:\n", [](Section& root) {
          (void)root.section("route").find("from");
          CHECK(root.list("list").empty());
        }) == "valid");
}
