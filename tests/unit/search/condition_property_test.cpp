// Any condition means the same written, parsed and evaluated; and what is not known never decides wrongly.
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <memory>
#include <vector>

#include "search/expression.h"

using namespace reel::search;

namespace {

/// A condition as a tree, which the parser knows nothing of. Test n is written `events == n`.
struct Tree {
  char op = 't';  // t(est), n(ot), a(nd), o(r)
  unsigned test = 0;
  std::vector<Tree> parts;

  [[nodiscard]] std::string text() const {
    if (op == 't') return "events == " + std::to_string(test);
    if (op == 'n') return "not (" + parts[0].text() + ")";
    return "(" + parts[0].text() + (op == 'a' ? " and " : " or ") + parts[1].text() + ")";
  }
  [[nodiscard]] bool holds(unsigned bits) const {
    if (op == 't') return (bits >> test & 1) != 0;
    if (op == 'n') return !parts[0].holds(bits);
    return op == 'a' ? parts[0].holds(bits) && parts[1].holds(bits)
                     : parts[0].holds(bits) || parts[1].holds(bits);
  }
};

constexpr unsigned tests = 5;

Tree random_tree(int depth) {
  const int kind = depth == 0 ? 0 : *rc::gen::inRange(0, 4);
  if (kind == 0) return {'t', *rc::gen::inRange(0u, tests), {}};
  if (kind == 1) return {'n', 0, {random_tree(depth - 1)}};
  return {kind == 2 ? 'a' : 'o', 0, {random_tree(depth - 1), random_tree(depth - 1)}};
}

}  // namespace

TEST_CASE("an expression evaluates as its tree does, and with gaps only what every filling agrees on") {
  CHECK(rc::check([] {
    const Tree tree = random_tree(4);
    const auto [query, error] = parse_expression("x", tree.text());
    RC_ASSERT(query.has_value());
    const unsigned bits = *rc::gen::inRange(0u, 1u << tests);
    const unsigned known = *rc::gen::inRange(0u, 1u << tests);
    const auto judged = [&](unsigned of) {
      return evaluate(query->where.nodes(), [&](const auto& node, unsigned) {
        if ((of >> node.number() & 1) == 0) return Truth::unknown;
        return truth_of((bits >> node.number() & 1) != 0);
      });
    };
    RC_ASSERT(judged(~0u) == truth_of(tree.holds(bits)));
    const Truth partly = judged(known);
    for (unsigned filling = 0; filling < 1u << tests && partly != Truth::unknown; ++filling) {
      const bool whole = tree.holds((bits & known) | (filling & ~known));
      RC_ASSERT(partly == truth_of(whole));
    }
  }));
}

TEST_CASE("any bytes are an expression or a report of one problem") {
  CHECK(rc::check([] {
    const auto pieces = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
        "state", "==", "(", ")", "[", "]", "and", "or", "not", "in", ",", "data.x", "order.*", "'", "\"",
        "\\", "10m", "\xff", ">", "like", " ", "*", "é", "\n"));
    std::string text;
    for (const auto& piece : pieces) text += piece + (*rc::gen::arbitrary<bool>() ? " " : "");
    const auto [query, error] = parse_expression("x", text);
    RC_ASSERT(query.has_value() == error.empty());
    RC_ASSERT(query || error.ends_with("x: 1 problem"));
  }));
}
