// What became of the expectations of a rehearsal: counted, and by flow.
//
//   const Outcome outcome = outcome_of(rehearsal);
//   outcome.expectations[0].count(v1::VERDICT_MET_LATE)
//
// Counted from the core's own claims, one for each time that an expectation was armed: no rule is applied
// twice. Whatever verdicts the core has are counted, so armed is always the sum of them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "rehearsal/rehearsal.h"

namespace reel::rehearsal {

using tracker::DefinitionIndex;

/// One "after A expect B within T" over all flows, in words.
struct ExpectationOutcome {
  DefinitionIndex definition = 0;
  std::uint16_t rule = 0;
  std::string definition_name;
  std::string after;  ///< of the whole flow's deadline: its start, empty where it begins at any `after`
  std::vector<std::string> expected;
  bool any_of = true;
  bool never = false;
  std::string within;
  bool whole_flow = false;
  bool exists = true;  ///< not so of a whole flow's deadline that is not given
  std::array<std::uint64_t, v1::Verdict_ARRAYSIZE> verdicts{};

  [[nodiscard]] std::uint64_t count(v1::Verdict verdict) const {
    return verdicts[static_cast<std::size_t>(verdict)];
  }
  [[nodiscard]] std::uint64_t armed() const;
};

struct DefinitionOutcome {
  std::string name;
  std::uint64_t flows = 0;
  std::uint64_t completed = 0;  ///< at the history's end
  std::uint64_t violated =
      0;  ///< with something broken, or overdue at any time, whether it came at last or not
};

struct Outcome {
  std::vector<ExpectationOutcome> expectations;
  std::vector<DefinitionOutcome> definitions;

  [[nodiscard]] bool violated() const;
};

[[nodiscard]] Outcome outcome_of(Rehearsal& rehearsal);

/// The expectations of the definitions, none armed yet: first those of each definition in the file's order,
/// then the deadline of its whole flow.
[[nodiscard]] std::vector<ExpectationOutcome> expectations_of(const Rehearsal& rehearsal);

/// "met", "met_late", "overdue", "open", "cancelled": as counts and lists name it.
[[nodiscard]] std::string verdict_name(v1::Verdict verdict);
/// Every verdict there is, in the order they are printed.
[[nodiscard]] const std::vector<v1::Verdict>& all_verdicts();
/// Overdue, also where it came at last, or broken.
[[nodiscard]] bool is_violation(v1::Verdict verdict);

/// One expectation armed in one flow, that came to a verdict asked for.
struct FlowVerdict {
  std::string correlation;
  std::size_t expectation = 0;  ///< place in the outcome's expectations
  v1::Verdict verdict = v1::VERDICT_UNKNOWN;
  std::uint64_t armed_at = 0;
  std::uint64_t deadline = 0;
  std::uint64_t settled_at = 0;  ///< 0: not settled
};

/// In the order in which the flows began.
[[nodiscard]] std::vector<FlowVerdict> flow_verdicts(Rehearsal& rehearsal, const Outcome& outcome,
                                                     const std::vector<v1::Verdict>& wanted);

}  // namespace reel::rehearsal
