// What is known of a condition: yes, no, or that it cannot be told here. Kleene's logic, so that a part that
// cannot be told never makes a flow fall out that another part, or somebody who knows more, would keep.
//
//   evaluate(where.nodes(), [&](const auto& node, unsigned test) { return …; })
//
// Pure.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "reel/v1/query.pb.h"

namespace reel::search {

enum class Truth : std::uint8_t { no, unknown, yes };

[[nodiscard]] constexpr Truth truth_of(bool holds) {
  return holds ? Truth::yes : Truth::no;
}
[[nodiscard]] constexpr Truth both(Truth a, Truth b) {
  return std::min(a, b);
}
[[nodiscard]] constexpr Truth either(Truth a, Truth b) {
  return std::max(a, b);
}
[[nodiscard]] constexpr Truth opposite(Truth a) {
  return static_cast<Truth>(2 - static_cast<int>(a));
}

/// Nodes of one condition: more than people write, few enough that a flow is judged in a microsecond.
inline constexpr std::size_t where_nodes_max = 256;
/// Tests among them: their answers are bits of one word.
inline constexpr std::size_t where_tests_max = 64;

using Operator = v1::FlowWhere;

/// The condition's answer, where `ask` answers each test; it is given the node and the test's number. Nodes
/// are in postfix order and must have passed their check; none is yes.
template <typename Nodes, typename Ask>
[[nodiscard]] Truth evaluate(const Nodes& nodes, Ask&& ask) {
  std::array<Truth, where_nodes_max> stack;
  std::size_t top = 0;
  unsigned test = 0;
  for (const auto& node : nodes) {
    switch (node.op()) {
      case Operator::OPERATOR_NOT: stack[top - 1] = opposite(stack[top - 1]); break;
      case Operator::OPERATOR_AND:
        --top;
        stack[top - 1] = both(stack[top - 1], stack[top]);
        break;
      case Operator::OPERATOR_OR:
        --top;
        stack[top - 1] = either(stack[top - 1], stack[top]);
        break;
      default: stack[top++] = ask(node, test++); break;
    }
  }
  return top == 0 ? Truth::yes : stack[0];
}

}  // namespace reel::search
