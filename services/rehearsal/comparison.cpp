#include "rehearsal/comparison.h"

#include <algorithm>
#include <iterator>
#include <map>

namespace reel::rehearsal {
namespace {

using ByExpectation = std::map<std::string, Flagged>;

/// What stays the same when the time that is allowed changes.
std::string subject_of(const ExpectationOutcome& expectation) {
  std::string text = expectation.definition_name + " " + expectation.after;
  text += expectation.whole_flow ? " whole"
          : expectation.never    ? " never"
          : expectation.any_of   ? " any"
                                 : " all";
  for (const std::string& topic : expectation.expected) text += " " + topic;
  return text;
}

ByExpectation flagged_by(Rehearsal& rehearsal) {
  const Outcome outcome{.expectations = expectations_of(rehearsal), .definitions = {}};
  std::vector<std::string> subjects;
  std::map<std::string, int> repeats;  // of the same subject in one definition: told apart by their order
  for (const auto& expectation : outcome.expectations) {
    std::string subject = subject_of(expectation);
    const int repeat = repeats[subject]++;
    subjects.push_back(std::move(subject) + " " + std::to_string(repeat));
  }
  ByExpectation flagged;
  for (const FlowVerdict& found :
       flow_verdicts(rehearsal, outcome, {v1::VERDICT_OVERDUE, v1::VERDICT_MET_LATE, v1::VERDICT_BROKEN})) {
    Flagged& entry = flagged[subjects[found.expectation]];
    entry.expectation = outcome.expectations[found.expectation];
    entry.flows.push_back(found.correlation);
  }
  for (auto& [subject, entry] : flagged) {
    std::sort(entry.flows.begin(), entry.flows.end());
    entry.flows.erase(std::unique(entry.flows.begin(), entry.flows.end()), entry.flows.end());
  }
  return flagged;
}

/// What is flagged in `these` and not in `those`.
std::vector<Flagged> only_in(const ByExpectation& these, const ByExpectation& those) {
  std::vector<Flagged> only;
  for (const auto& [subject, entry] : these) {
    Flagged left{.expectation = entry.expectation, .flows = {}};
    const auto other = those.find(subject);
    if (other == those.end()) {
      left.flows = entry.flows;
    } else {
      std::set_difference(entry.flows.begin(), entry.flows.end(), other->second.flows.begin(),
                          other->second.flows.end(), std::back_inserter(left.flows));
    }
    if (!left.flows.empty()) only.push_back(std::move(left));
  }
  return only;
}

}  // namespace

Comparison compare(Rehearsal& before, Rehearsal& after) {
  const ByExpectation was = flagged_by(before);
  const ByExpectation would_be = flagged_by(after);
  return {.newly = only_in(would_be, was), .no_longer = only_in(was, would_be)};
}

}  // namespace reel::rehearsal
