#include "rehearsal/outcome.h"

#include <algorithm>
#include <cctype>
#include <numeric>

#include "tracker/compact.h"

namespace reel::rehearsal {
namespace {

using tracker::Claim;
using tracker::Definition;
using tracker::Flow;

std::vector<v1::Verdict> verdicts_in_order() {
  std::vector<v1::Verdict> order{v1::VERDICT_MET, v1::VERDICT_MET_LATE, v1::VERDICT_OVERDUE,
                                 v1::VERDICT_WAITING, v1::VERDICT_CANCELLED};
  for (int number = 1; number < v1::Verdict_ARRAYSIZE; ++number) {
    const auto verdict = static_cast<v1::Verdict>(number);
    if (v1::Verdict_IsValid(number) && std::find(order.begin(), order.end(), verdict) == order.end())
      order.push_back(verdict);
  }
  return order;
}

ExpectationOutcome words_of(const Rehearsal& rehearsal, DefinitionIndex definition, std::uint16_t number) {
  const Definition& of = rehearsal.definitions()[definition];
  const tracker::Rule& rule = of.rules[number];
  const auto text = [&](tracker::Name name) { return std::string{rehearsal.names().text(name)}; };
  ExpectationOutcome words{.definition = definition,
                           .rule = number,
                           .definition_name = of.name,
                           .after = text(number == of.whole_flow() ? of.start : rule.after),
                           .expected = {},
                           .any_of = rule.any_of,
                           .never = rule.never,
                           .within = rehearsal.within(definition, number),
                           .whole_flow = number == of.whole_flow(),
                           .exists = number != of.whole_flow() || of.has_whole_flow(),
                           .verdicts = {}};
  for (const tracker::Name topic : rule.expected) words.expected.push_back(text(topic));
  return words;
}

/// Where the expectations of each definition begin.
std::vector<std::size_t> first_places(const std::vector<ExpectationOutcome>& expectations) {
  std::vector<std::size_t> first;
  for (std::size_t place = 0; place < expectations.size(); ++place) {
    first.resize(std::max<std::size_t>(first.size(), expectations[place].definition + 1u), place);
  }
  return first;
}

/// Calls `each` with every claim of a flow and the place of its expectation.
template <class Each>
void each_claim(const Flow& flow, const std::vector<std::size_t>& first, Each each) {
  for (const Claim& claim : flow.claims) {
    each(claim, first[flow.instances[claim.instance].definition] + claim.rule);
  }
}

void count_flow(const Flow& flow, const std::vector<std::size_t>& first, Outcome& outcome) {
  std::vector<bool> violated(flow.instances.size());
  each_claim(flow, first, [&](const Claim& claim, std::size_t place) {
    ++outcome.expectations[place].verdicts[static_cast<std::size_t>(claim.verdict)];
    if (is_violation(claim.verdict)) violated[claim.instance] = true;
  });
  for (std::size_t i = 0; i < flow.instances.size(); ++i) {
    DefinitionOutcome& definition = outcome.definitions[flow.instances[i].definition];
    ++definition.flows;
    if (flow.instances[i].state == v1::FLOW_STATE_COMPLETED) ++definition.completed;
    if (violated[i]) ++definition.violated;
  }
}

}  // namespace

std::uint64_t ExpectationOutcome::armed() const {
  return std::accumulate(verdicts.begin(), verdicts.end(), std::uint64_t{0});
}

bool Outcome::violated() const {
  return std::any_of(definitions.begin(), definitions.end(),
                     [](const DefinitionOutcome& definition) { return definition.violated > 0; });
}

std::vector<ExpectationOutcome> expectations_of(const Rehearsal& rehearsal) {
  std::vector<ExpectationOutcome> expectations;
  for (DefinitionIndex index = 0; index < rehearsal.definitions().size(); ++index) {
    const Definition& definition = rehearsal.definitions()[index];
    for (std::uint16_t rule = 0; rule < definition.rules.size(); ++rule) {
      expectations.push_back(words_of(rehearsal, index, rule));
    }
  }
  return expectations;
}

Outcome outcome_of(Rehearsal& rehearsal) {
  Outcome outcome{.expectations = expectations_of(rehearsal), .definitions = {}};
  for (DefinitionIndex index = 0; index < rehearsal.definitions().size(); ++index) {
    outcome.definitions.push_back({.name = rehearsal.definitions()[index].name});
  }
  const auto first = first_places(outcome.expectations);
  rehearsal.each_flow([&](const Flow& flow) { count_flow(flow, first, outcome); });
  return outcome;
}

std::string verdict_name(v1::Verdict verdict) {
  if (verdict == v1::VERDICT_WAITING) return "open";
  std::string name = v1::Verdict_Name(verdict).substr(std::string_view{"VERDICT_"}.size());
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return name;
}

const std::vector<v1::Verdict>& all_verdicts() {
  static const std::vector<v1::Verdict> verdicts = verdicts_in_order();
  return verdicts;
}

bool is_violation(v1::Verdict verdict) {
  return verdict == v1::VERDICT_OVERDUE || verdict == v1::VERDICT_MET_LATE || verdict == v1::VERDICT_BROKEN;
}

std::vector<FlowVerdict> flow_verdicts(Rehearsal& rehearsal, const Outcome& outcome,
                                       const std::vector<v1::Verdict>& wanted) {
  std::vector<FlowVerdict> found;
  const auto first = first_places(outcome.expectations);
  rehearsal.each_flow([&](const Flow& flow) {
    each_claim(flow, first, [&](const Claim& claim, std::size_t place) {
      if (std::find(wanted.begin(), wanted.end(), claim.verdict) == wanted.end()) return;
      found.push_back({.correlation = tracker::text_of(flow.correlation),
                       .expectation = place,
                       .verdict = claim.verdict,
                       .armed_at = claim.armed_at,
                       .deadline = claim.deadline,
                       .settled_at = claim.settled_at});
    });
  });
  return found;
}

}  // namespace reel::rehearsal
