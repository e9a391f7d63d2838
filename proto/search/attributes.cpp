#include "search/attributes.h"

#include <algorithm>
#include <array>

#include "event/pattern_rule.h"
#include "event/quoted_text.h"
#include "event/topic.h"
#include "search/truth.h"

namespace reel::search {
namespace {

using Where = v1::FlowWhere;

constexpr std::array attributes{
    FlowAttribute{"flow", Where::ATTRIBUTE_FLOW, Kind::text},
    FlowAttribute{"state", Where::ATTRIBUTE_STATE, Kind::state},
    FlowAttribute{"definition", Where::ATTRIBUTE_DEFINITION, Kind::text},
    FlowAttribute{"owner", Where::ATTRIBUTE_OWNER, Kind::text},
    FlowAttribute{"severity", Where::ATTRIBUTE_SEVERITY, Kind::text},
    FlowAttribute{"id", Where::ATTRIBUTE_ID, Kind::text},
    FlowAttribute{"source", Where::ATTRIBUTE_SOURCE, Kind::text},
    FlowAttribute{"service", Where::ATTRIBUTE_SERVICE, Kind::text},
    FlowAttribute{"topic", Where::ATTRIBUTE_TOPIC, Kind::topic},
    FlowAttribute{"first", Where::ATTRIBUTE_FIRST, Kind::topic},
    FlowAttribute{"last", Where::ATTRIBUTE_LAST, Kind::topic},
    FlowAttribute{"end", Where::ATTRIBUTE_END, Kind::topic},
    FlowAttribute{"missing", Where::ATTRIBUTE_MISSING, Kind::topic},
    FlowAttribute{"events", Where::ATTRIBUTE_EVENTS, Kind::number},
    FlowAttribute{"duration", Where::ATTRIBUTE_DURATION, Kind::duration},
    FlowAttribute{"age", Where::ATTRIBUTE_AGE, Kind::duration},
    FlowAttribute{"idle", Where::ATTRIBUTE_IDLE, Kind::duration},
    FlowAttribute{"overdue", Where::ATTRIBUTE_OVERDUE, Kind::duration},
    FlowAttribute{"began", Where::ATTRIBUTE_BEGAN, Kind::time},
    FlowAttribute{"late", Where::ATTRIBUTE_LATE, Kind::flag},
    FlowAttribute{"impossible", Where::ATTRIBUTE_IMPOSSIBLE, Kind::flag},
};

constexpr std::array<std::string_view, 4> states{"open", "overdue", "completed", "untracked"};

bool takes(Kind kind, Where::Comparison how) {
  if (how == Where::COMPARISON_EXISTS) return true;
  if (how == Where::COMPARISON_EQUAL) return kind != Kind::flag;
  if (how == Where::COMPARISON_LIKE) return kind == Kind::text || kind == Kind::topic;
  return Where::Comparison_IsValid(how) &&
         (kind == Kind::number || kind == Kind::duration || kind == Kind::time);
}

std::optional<std::string> check_test(const Where::Node& node) {
  if (node.text().size() > where_text_bytes_max) {
    return "a text that flows are compared with is longer than " + std::to_string(where_text_bytes_max) +
           " bytes";
  }
  if (node.attribute() == Where::ATTRIBUTE_EVENT) {
    const auto wrong = check_pattern(node.text());
    return wrong ? std::optional{in_quotes(node.text()) + " is no topic pattern: " + *wrong} : std::nullopt;
  }
  const FlowAttribute* const attribute = flow_attribute(node.attribute());
  if (attribute == nullptr) return "flows have no attribute number " + std::to_string(node.attribute());
  if (!takes(attribute->kind, node.how())) {
    return "the attribute '" + std::string{attribute->name} + "' cannot be compared like that";
  }
  pattern::Wildcard wildcard;
  if (node.how() == Where::COMPARISON_LIKE) {
    const auto wrong = pattern::Wildcard::parse(node.text(), wildcard);
    if (wrong) return in_quotes(node.text()) + ": " + *wrong;
  } else if (node.how() == Where::COMPARISON_EQUAL && attribute->kind == Kind::topic) {
    const auto wrong = check_pattern(node.text());
    if (wrong) return in_quotes(node.text()) + " is no topic: " + *wrong;
  }
  return std::nullopt;
}

}  // namespace

std::span<const FlowAttribute> flow_attributes() {
  return attributes;
}

const FlowAttribute* flow_attribute(std::string_view name) {
  const auto* const found = std::find_if(attributes.begin(), attributes.end(),
                                         [&](const FlowAttribute& each) { return each.name == name; });
  return found == attributes.end() ? nullptr : found;
}

const FlowAttribute* flow_attribute(v1::FlowWhere::Attribute number) {
  const auto* const found = std::find_if(attributes.begin(), attributes.end(),
                                         [&](const FlowAttribute& each) { return each.number == number; });
  return found == attributes.end() ? nullptr : found;
}

std::span<const std::string_view> state_names() {
  return states;
}

v1::FlowState state_named(std::string_view name) {
  const auto* const found = std::find(states.begin(), states.end(), name);
  return found == states.end() ? v1::FLOW_STATE_UNKNOWN
                               : static_cast<v1::FlowState>(v1::FLOW_STATE_OPEN + (found - states.begin()));
}

std::optional<std::string> check_where(const v1::FlowWhere& where) {
  if (where.nodes().empty()) return std::nullopt;
  if (where.nodes_size() > static_cast<int>(where_nodes_max)) {
    return "a condition has at most " + std::to_string(where_nodes_max) + " nodes, this one has " +
           std::to_string(where.nodes_size());
  }
  std::size_t tests = 0;
  std::size_t depth = 0;
  for (const Where::Node& node : where.nodes()) {
    const bool takes_two = node.op() == Where::OPERATOR_AND || node.op() == Where::OPERATOR_OR;
    if (!Where::Operator_IsValid(node.op())) {
      return "a condition has no operator number " + std::to_string(node.op());
    }
    if (node.op() == Where::OPERATOR_TEST) {
      if (const auto wrong = check_test(node)) return wrong;
      ++tests;
      ++depth;
    } else if (depth < (takes_two ? 2u : 1u)) {
      return "a condition's operator has nothing to work on";
    } else {
      depth -= takes_two ? 1 : 0;
    }
  }
  if (tests > where_tests_max) {
    return "a condition has at most " + std::to_string(where_tests_max) + " tests, this one has " +
           std::to_string(tests);
  }
  if (depth != 1) return "a condition leaves more than one answer";
  return std::nullopt;
}

bool asks_for_events(const v1::FlowWhere& where) {
  return std::any_of(where.nodes().begin(), where.nodes().end(), [](const Where::Node& node) {
    return node.op() == Where::OPERATOR_TEST && node.attribute() == Where::ATTRIBUTE_EVENT;
  });
}

}  // namespace reel::search
