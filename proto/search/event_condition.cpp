#include "search/event_condition.h"

#include <algorithm>

namespace reel::search {
namespace {

using Where = v1::FlowWhere;

bool holds(const FieldTest& test, const FieldValue& value) {
  switch (test.how) {
    case Where::COMPARISON_EXISTS: return true;
    case Where::COMPARISON_LIKE: return test.wildcard.matches(value.text);
    case Where::COMPARISON_EQUAL:
      if (test.bare && value.kind == FieldValue::Kind::text) return value.text == test.value.text;
      return value.equals(test.value);
    case Where::COMPARISON_LESS: return value.compare(test.value) < 0;
    case Where::COMPARISON_LESS_OR_EQUAL: return value.compare(test.value) <= 0;
    case Where::COMPARISON_GREATER: return value.compare(test.value) > 0;
    case Where::COMPARISON_GREATER_OR_EQUAL: return value.compare(test.value) >= 0;
    default: return false;
  }
}

// What is wrong with a field under every one of the types; empty where one of them may have it.
std::string wrong_with(const FieldTest& test, const std::vector<TopicType>& types) {
  std::string wrong;
  for (const TopicType& topic : types) {
    if (topic.type == nullptr) return {};
    const auto compiled = FieldPath::compile(test.path.text(), topic.type);
    if (compiled.path) return {};
    const bool helps = compiled.error.find("did you mean") != std::string::npos;
    if (wrong.empty() || (helps && wrong.find("did you mean") == std::string::npos)) wrong = compiled.error;
  }
  return wrong;
}

}  // namespace

Truth FieldTest::judge(JudgedEvent& event) const {
  if (path.looks_at_data() && event.payload() == nullptr) return Truth::unknown;
  const auto values = path.values(event, field_values_max);
  return truth_of(
      std::any_of(values.begin(), values.end(), [&](const FieldValue& each) { return holds(*this, each); }));
}

Truth EventCondition::judge(JudgedEvent& event) const {
  return evaluate(nodes_, [&](const Node& node, unsigned) { return node.test.front().judge(event); });
}

void EventCondition::check_fields(const std::vector<TopicType>& types, config::Problems& problems) const {
  for (const Node& node : nodes_) {
    for (const FieldTest& test : node.test) {
      std::string wrong = wrong_with(test, types);
      if (!wrong.empty()) problems.add(test.place, std::move(wrong));
    }
  }
}

}  // namespace reel::search
