#include "config/yaml_tree.h"

#include <doctest/doctest.h>

using namespace reel::config;

namespace {

// The tree on one line, with each value's place: {a: 1@1:4}
std::string drawn(const Node& node) {
  const auto at = '@' + std::to_string(node.place.line) + ':' + std::to_string(node.place.column);
  std::string text;
  switch (node.kind) {
    case NodeKind::null: return "null" + at;
    case NodeKind::alias: return "alias" + at;
    case NodeKind::value: return (node.quoted ? '"' + node.value + '"' : node.value) + at;
    case NodeKind::list:
      for (const auto& item : node.items) text += (text.empty() ? "" : ", ") + drawn(item);
      return '[' + text + ']' + at;
    case NodeKind::map:
      for (const auto& entry : node.entries)
        text += (text.empty() ? "" : ", ") + entry.key + ": " + drawn(entry.node);
      return '{' + text + '}' + at;
  }
  return text;
}

std::string tree_of(std::string_view text) {
  Problems problems{"reel.yaml", text};
  const auto tree = drawn(parse_yaml(text, problems));
  return problems.empty() ? tree : problems.report();
}

}  // namespace

TEST_CASE("values know their place, in characters from 1") {
  CHECK(tree_of("a: 1\nb:\n  - x\n  - 'y'\n") == "{a: 1@1:4, b: [x@3:5, \"y\"@4:5]@3:3}@1:1");
  CHECK(tree_of("größe: {ä: ö}") == "{größe: {ä: ö@1:12}@1:8}@1:1");
}

TEST_CASE("what is not written has the place of its key or its list") {
  CHECK(tree_of("a:\n# nothing\n\nb: ~\nc: [, x]") == tree_of("a:\n# nothing\n\nb: ~\nc: [, x]"));
  CHECK(tree_of("a:\n# nothing\n\nb: ~\nc: null\n") == "{a: null@1:1, b: null@4:4, c: null@5:4}@1:1");
  CHECK(tree_of("a:\n  -\n  - x\n") == "{a: [null@2:3, x@3:5]@2:3}@1:1");
  CHECK(tree_of("") == "null@0:0");
  CHECK(tree_of("# only a comment\n") == "null@0:0");
}

TEST_CASE("duplicate keys are kept, as they are written") {
  CHECK(tree_of("{a: 1, a: 2}") == "{a: 1@1:5, a: 2@1:11}@1:1");
}

TEST_CASE("what no settings file needs is refused") {
  CHECK(tree_of("a: &x 1\nb: *x\n") ==
        "reel.yaml:1:4: anchors are not supported, write the value out where it is used\n"
        "  a: &x 1\n"
        "     ^\n"
        "reel.yaml:2:4: aliases are not supported, write the value out\n"
        "  b: *x\n"
        "     ^\n"
        "reel.yaml: 2 problems");
  CHECK(tree_of("a: !!int 1\n") ==
        "reel.yaml:1:4: tags such as 'tag:yaml.org,2002:int' are not supported\n"
        "  a: !!int 1\n"
        "     ^\n"
        "reel.yaml: 1 problem");
  CHECK(tree_of("a: 1\n---\nb: 2\n") ==
        "reel.yaml:2:1: a second document begins here, a file holds one\n"
        "  ---\n"
        "  ^\n"
        "reel.yaml: 1 problem");
  CHECK(tree_of("? [a]\n: 1\n? {}\n: 2\n~: 3\n") ==
        "reel.yaml:1:3: a key must be a name, is a list\n"
        "  ? [a]\n"
        "    ^\n"
        "reel.yaml:3:3: a key must be a name, is a map\n"
        "  ? {}\n"
        "    ^\n"
        "reel.yaml:5:1: a key must be a name, is empty\n"
        "  ~: 3\n"
        "  ^\n"
        "reel.yaml: 3 problems");
}

TEST_CASE("an anchor that multiplies itself is refused before it does") {
  CHECK(tree_of("a: &a [x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n").ends_with("reel.yaml: 7 problems"));
}

TEST_CASE("nesting and the number of values are limited") {
  CHECK(tree_of(std::string(16, '[') + std::string(16, ']')).starts_with("[[[[[[[[[[[[[[[[]@1:16]@1:15"));
  CHECK(tree_of(std::string(17, '[') + std::string(17, ']')) ==
        "reel.yaml:1:17: nested deeper than 16 maps and lists\n"
        "  [[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]\n"
        "                  ^\n"
        "reel.yaml: 1 problem");
  std::string many = "a:\n";
  for (std::size_t i = 0; i < nodes_max; ++i) many += "- 1\n";
  CHECK(tree_of(many).find(": more than 100000 values in one file\n") != std::string::npos);
}

TEST_CASE("what is no YAML is said in words for whoever wrote it") {
  struct Case {
    const char* name;
    const char* text;
    const char* report;
  };
  const Case cases[] = {
      {"an open brace", "a: {b: c\nd: e\n",
       "reel.yaml:2:2: a '{' is not closed by '}'\n"
       "  d: e\n"
       "   ^\n"},
      {"an open bracket", "a: [b\n",
       "reel.yaml:2:1: a '[' is not closed by ']'\n"
       "  \n"
       "  ^\n"},
      {"a bracket too many", "a: b]\nc: ]\n",
       "reel.yaml:2:4: a '}' or ']' that closes nothing\n"
       "  c: ]\n"
       "     ^\n"},
      {"an open quote, which yaml-cpp takes", "a: \"b\nc: d\n",
       "reel.yaml:1:4: a quote is not closed\n"
       "  a: \"b\n"
       "     ^\n"},
      {"an open quote at the end", "a: 'it''s",
       "reel.yaml:1:10: a quote is not closed\n"
       "  a: 'it''s\n"
       "           ^\n"},
      {"a colon in a value", "a: b: c\n",
       "reel.yaml:1:5: a ':' where no key can stand; is the indentation right, or does a value need quotes?\n"
       "  a: b: c\n"
       "      ^\n"},
      {"a tab", "a:\n\tb: c\n",
       "reel.yaml:2:1: a tab in the indentation, use spaces\n"
       "   b: c\n"
       "  ^\n"},
      {"a list in a map", "a: b\n- c\n",
       "reel.yaml:2:1: this does not fit into the map above; is the indentation right?\n"
       "  - c\n"
       "  ^\n"},
      {"a map behind a list", "- a\nb: c\n",
       "reel.yaml:2:1: this does not fit into what stands above it\n"
       "  b: c\n"
       "  ^\n"},
      {"a reserved character", "a: @b\n",
       "reel.yaml:1:4: a character that cannot begin a value; put quotes around it\n"
       "  a: @b\n"
       "     ^\n"},
      {"an unknown escape", "a: \"\\q\"\n",
       "reel.yaml:1:7: an unknown escape in double quotes; use single quotes\n"
       "  a: \"\\q\"\n"
       "        ^\n"},
      {"no UTF-8", "a: \xff\n",
       "reel.yaml:1:4: not UTF-8 text\n"
       "  a: ?\n"
       "     ^\n"},
      {"a byte that yaml-cpp takes for the end of the file", "a: b\nc: \x04 d\n",
       "reel.yaml:2:4: control character 0x04\n"
       "  c: ? d\n"
       "     ^\n"},
  };
  for (const auto& [name, text, report] : cases) {
    CAPTURE(name);
    CHECK(tree_of(text) == std::string{report} + "reel.yaml: 1 problem");
  }
}

TEST_CASE("quoted values end where they end") {
  CHECK(tree_of("['it''s', \"a\\\"b\", '', \"\", \"\\\\\"]") ==
        "[\"it's\"@1:2, \"a\"b\"@1:11, \"\"@1:19, \"\"@1:23, \"\\\"@1:27]@1:1");
}

TEST_CASE("what is repeated in a message is cut and made printable") {
  CHECK(shown("order.placed") == "order.placed");
  CHECK(shown("two\nlines\tand\x1b") == "two\\nlines\\tand?");
  CHECK(shown(std::string(100, 'x')) == std::string(60, 'x') + "...");
}
