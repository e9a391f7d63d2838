#include "tracker/flow_tests.h"

#include <algorithm>

#include "event/topic.h"
#include "search/attributes.h"

namespace reel::tracker {
namespace {

using Where = v1::FlowWhere;

bool is_of_steps(Where::Attribute attribute) {
  return attribute == Where::ATTRIBUTE_ID || attribute == Where::ATTRIBUTE_SOURCE ||
         attribute == Where::ATTRIBUTE_SERVICE || attribute == Where::ATTRIBUTE_TOPIC ||
         attribute == Where::ATTRIBUTE_EVENT;
}

std::uint64_t since(std::uint64_t then, std::uint64_t now) {
  return now > then ? now - then : 0;
}

bool compares(Where::Comparison how, std::uint64_t a, std::uint64_t b) {
  switch (how) {
    case Where::COMPARISON_EXISTS: return true;
    case Where::COMPARISON_EQUAL: return a == b;
    case Where::COMPARISON_LESS: return a < b;
    case Where::COMPARISON_LESS_OR_EQUAL: return a <= b;
    case Where::COMPARISON_GREATER: return a > b;
    case Where::COMPARISON_GREATER_OR_EQUAL: return a >= b;
    default: return false;
  }
}

// Since the earliest deadline that passed; 0 where none did, since a deadline at the watermark has not.
std::uint64_t overdue_for(const Flow& flow, std::uint64_t now) {
  std::uint64_t longest = 0;
  for (const Claim& claim : flow.claims) {
    if (claim.open() && claim.verdict == v1::VERDICT_OVERDUE)
      longest = std::max({longest, since(claim.deadline, now), std::uint64_t{1}});
  }
  return longest;
}

}  // namespace

FlowTests::FlowTests(const v1::FlowWhere& where, const DefinitionSet& definitions, const Names& names,
                     std::uint64_t now)
    : where_{where}, definitions_{definitions}, names_{names}, now_{now} {
  for (const Where::Node& node : where.nodes()) {
    if (node.op() != Where::OPERATOR_TEST) continue;
    Test& test = tests_.emplace_back();
    test.node = &node;
    test.is_pattern = node.text() == "*" || node.text().starts_with("*.") || node.text().ends_with(".*") ||
                      node.text().find(".*.") != std::string::npos || node.text().ends_with('>');
    if (node.attribute() == Where::ATTRIBUTE_ID) test.packed = packed_id(node.text());
    if (node.how() == Where::COMPARISON_LIKE) (void)pattern::Wildcard::parse(node.text(), test.wildcard);
    asks_steps_ = asks_steps_ || is_of_steps(node.attribute());
  }
  answers_.resize(tests_.size());
}

Truth FlowTests::judge(const Flow& flow) {
  const auto whole = [&] {
    return search::evaluate(where_.nodes(), [&](const auto&, unsigned test) { return answers_[test]; });
  };
  for (std::size_t i = 0; i < tests_.size(); ++i) answers_[i] = ask(tests_[i], flow);
  const Truth truth = whole();
  if (!asks_steps_ || truth == Truth::no) return truth;
  ask_steps(flow);
  return whole();
}

void FlowTests::ask_steps(const Flow& flow) {
  std::vector<std::size_t> left;
  for (std::size_t i = 0; i < tests_.size(); ++i) {
    if (is_of_steps(tests_[i].node->attribute())) left.push_back(i);
  }
  const auto found = [&](std::size_t i, const Step& step) {
    if (!step_holds(tests_[i], step)) return false;
    const bool is_event = tests_[i].node->attribute() == Where::ATTRIBUTE_EVENT;
    answers_[i] = is_event ? Truth::unknown : Truth::yes;
    return true;
  };
  for (const std::size_t i : left) answers_[i] = Truth::no;
  for (std::size_t chunk = 0; chunk < flow.steps.chunks() && !left.empty(); ++chunk) {
    StepReader reader{flow.steps.chunk(chunk)};
    while (const auto step = reader.next()) {
      std::erase_if(left, [&](std::size_t i) { return found(i, *step); });
      if (left.empty()) return;
    }
  }
}

bool FlowTests::is_needed(Name topic) {
  for (std::size_t i = 0; i < tests_.size(); ++i) {
    if (answers_[i] == Truth::unknown && topic_holds(tests_[i], topic)) return true;
  }
  return false;
}

Truth FlowTests::ask(Test& test, const Flow& flow) {
  switch (test.node->attribute()) {
    case Where::ATTRIBUTE_FLOW: return search::truth_of(text_holds(test, text_of(flow.correlation)));
    case Where::ATTRIBUTE_STATE: {
      const auto wanted = search::state_named(test.node->text());
      return search::truth_of(test.node->how() == Where::COMPARISON_EXISTS || flow.state() == wanted);
    }
    case Where::ATTRIBUTE_DEFINITION:
      return search::truth_of(
          std::any_of(flow.instances.begin(), flow.instances.end(), [&](const Instance& instance) {
            return text_holds(test, definitions_[instance.definition].name);
          }));
    case Where::ATTRIBUTE_END:
      return search::truth_of(
          std::any_of(flow.instances.begin(), flow.instances.end(), [&](const Instance& instance) {
            return instance.ended_by != 0 && topic_holds(test, instance.ended_by);
          }));
    case Where::ATTRIBUTE_FIRST: return search::truth_of(topic_holds(test, flow.first_topic));
    case Where::ATTRIBUTE_LAST: return search::truth_of(topic_holds(test, flow.last_topic));
    case Where::ATTRIBUTE_EVENTS: return number_holds(test, flow.steps.count());
    case Where::ATTRIBUTE_DURATION: return number_holds(test, since(flow.started_at, flow.last_at));
    case Where::ATTRIBUTE_AGE: return number_holds(test, since(flow.started_at, now_));
    case Where::ATTRIBUTE_IDLE: return number_holds(test, since(flow.last_at, now_));
    case Where::ATTRIBUTE_BEGAN: return number_holds(test, flow.started_at);
    case Where::ATTRIBUTE_OVERDUE: {
      const std::uint64_t overdue = overdue_for(flow, now_);
      return overdue == 0 ? Truth::no : number_holds(test, overdue);
    }
    case Where::ATTRIBUTE_LATE:
      return search::truth_of(std::any_of(flow.claims.begin(), flow.claims.end(), [](const Claim& claim) {
        return claim.verdict == v1::VERDICT_MET_LATE;
      }));
    case Where::ATTRIBUTE_OWNER:
    case Where::ATTRIBUTE_SEVERITY:
    case Where::ATTRIBUTE_MISSING:
    case Where::ATTRIBUTE_IMPOSSIBLE: return search::truth_of(owed_holds(test, flow));
    default: return Truth::unknown;  // the steps say
  }
}

// Of what is overdue or waited for.
bool FlowTests::owed_holds(Test& test, const Flow& flow) {
  for (const Claim& claim : flow.claims) {
    const Rule& rule = definitions_[flow.instances[claim.instance].definition].rules[claim.rule];
    if (!claim.open() || rule.has_enough(claim.seen)) continue;
    switch (test.node->attribute()) {
      case Where::ATTRIBUTE_OWNER:
        if (!rule.owner.empty() && text_holds(test, rule.owner)) return true;
        break;
      case Where::ATTRIBUTE_SEVERITY:
        if (!rule.severity.empty() && text_holds(test, rule.severity)) return true;
        break;
      case Where::ATTRIBUTE_IMPOSSIBLE:
        if (claim.impossible) return true;
        break;
      default:
        for (std::size_t i = 0; i < rule.expected.size(); ++i) {
          const bool has_come = !rule.any_of && (claim.seen >> i & 1) != 0;
          if (!has_come && topic_holds(test, rule.expected[i])) return true;
        }
    }
  }
  return false;
}

bool FlowTests::step_holds(Test& test, const Step& step) {
  switch (test.node->attribute()) {
    case Where::ATTRIBUTE_ID:
      if (test.node->how() == Where::COMPARISON_EQUAL) return step.id == test.packed;
      return text_holds(test, text_of(step.id));
    case Where::ATTRIBUTE_SOURCE: return text_holds(test, names_.text(step.source));
    case Where::ATTRIBUTE_SERVICE: {
      const std::string_view source = names_.text(step.source);
      return text_holds(test, source.substr(0, source.find('/')));
    }
    default: return topic_holds(test, step.topic);
  }
}

bool FlowTests::text_holds(const Test& test, std::string_view text) const {
  switch (test.node->how()) {
    case Where::COMPARISON_EXISTS: return true;
    case Where::COMPARISON_LIKE: return test.wildcard.matches(text);
    default: return test.node->text() == text;
  }
}

bool FlowTests::topic_holds(Test& test, Name topic) {
  if (topic >= test.by_name.size()) test.by_name.resize(std::max<std::size_t>(names_.end(), topic + 1));
  std::int8_t& known = test.by_name[topic];
  if (known == 0) {
    const std::string_view text = names_.text(topic);
    const bool is_like = test.node->how() == Where::COMPARISON_LIKE;
    const bool by_pattern = test.is_pattern && !is_like && !text.empty() && !check_topic(text);
    known = (by_pattern                                         ? matches(test.node->text(), text)
             : test.node->attribute() == Where::ATTRIBUTE_EVENT ? text == test.node->text()
                                                                : text_holds(test, text))
                ? 1
                : -1;
  }
  return known > 0;
}

Truth FlowTests::number_holds(const Test& test, std::uint64_t number) const {
  return search::truth_of(compares(test.node->how(), number, test.node->number()));
}

bool FlowTests::can_be(v1::FlowState state) const {
  const auto said = [&](const v1::FlowWhere::Node& node, unsigned) {
    if (node.attribute() != Where::ATTRIBUTE_STATE) return Truth::unknown;
    return search::truth_of(node.how() == Where::COMPARISON_EXISTS ||
                            search::state_named(node.text()) == state);
  };
  return search::evaluate(where_.nodes(), said) != Truth::no;
}

// The times that the tests name cut all time into pieces, and within one the tests say the same of any flow:
// what lies outside of the pieces that can match need not be looked at.
FlowTests::Began FlowTests::began() const {
  const auto time_named = [&](const Test& test) {
    const bool is_age = test.node->attribute() == Where::ATTRIBUTE_AGE;
    return is_age ? since(test.node->number(), now_) : test.node->number();
  };
  std::vector<std::uint64_t> edges{0};
  for (const Test& test : tests_) {
    const auto attribute = test.node->attribute();
    if (attribute != Where::ATTRIBUTE_AGE && attribute != Where::ATTRIBUTE_BEGAN) continue;
    const std::uint64_t edge = time_named(test);
    edges.push_back(edge);
    if (edge != ~std::uint64_t{0}) edges.push_back(edge + 1);
  }
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());

  Began range{.oldest = 0, .newest = 0, .none = true};
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const auto said = [&](const v1::FlowWhere::Node& node, unsigned test) {
      if (node.attribute() == Where::ATTRIBUTE_BEGAN) return number_holds(tests_[test], edges[i]);
      if (node.attribute() == Where::ATTRIBUTE_AGE) return number_holds(tests_[test], since(edges[i], now_));
      return Truth::unknown;
    };
    if (search::evaluate(where_.nodes(), said) == Truth::no) continue;
    if (range.none) range.oldest = edges[i];
    range.none = false;
    range.newest = i + 1 < edges.size() ? edges[i + 1] - 1 : ~std::uint64_t{0};
  }
  return range;
}

}  // namespace reel::tracker
