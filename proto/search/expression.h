// Conditions on flows as people write them: `reel flows --where EXPR`. docs/search.md is the page about it.
//
//   const auto [query, error] = parse_expression("--where", "state == overdue and not data.customer ==
//   'c1'"); if (!query) refuse(error);      // the place, a caret under the column, and what was probably
//   meant ask.mutable_where()->CopyFrom(query->where);
//
// What the tracker knows stands in `where`; what only payloads can say stands there as ATTRIBUTE_EVENT, and
// in `terms` for who reads the payloads. Foreign text costs no more than the limits below allow.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reel/v1/query.pb.h"
#include "search/event_condition.h"

namespace reel::search {

/// Longest expression: a page.
inline constexpr std::size_t expression_bytes_max = 8u << 10;
/// Parentheses inside one another.
inline constexpr int expression_depth_max = 32;

/// A test that an event of the flow must pass, one whose topic `topics` matches.
struct EventTerm {
  unsigned test = 0;  ///< its number among the tests of `where`
  std::string topics;
  config::Place place;
  EventCondition condition;
};

struct FlowQuery {
  v1::FlowWhere where;
  std::vector<EventTerm> terms;
};

/// A query, or what is wrong as a report with places.
struct ParsedExpression {
  std::optional<FlowQuery> query;
  std::string error;
};

/// `name` is what reports call the text.
[[nodiscard]] ParsedExpression parse_expression(const std::string& name, std::string_view text);

/// Nothing where each term is about topics that there are, and fields that one of their types has; otherwise
/// a report. `text` is what `query` was parsed from.
[[nodiscard]] std::optional<std::string> misfit(const FlowQuery& query, const std::vector<TopicType>& topics,
                                                const std::string& name, std::string_view text);

/// One test of an attribute.
[[nodiscard]] FlowQuery single_test(v1::FlowWhere::Attribute attribute, v1::FlowWhere::Comparison how,
                                    std::string text, std::uint64_t number = 0);
/// `to` and (or) `more`. What is no condition yet becomes `more`.
void join(FlowQuery& to, const FlowQuery& more, v1::FlowWhere::Operator with = v1::FlowWhere::OPERATOR_AND);

}  // namespace reel::search
