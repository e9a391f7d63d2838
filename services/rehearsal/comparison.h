// What a changed definition would newly flag in a history, and no longer flag.
//
//   const Comparison comparison = compare(before, after);
//
// Expectations of the two are the same where definition, `after` and what is expected are: how long it may
// take is what one changes. A flow is flagged by an expectation that became overdue in it, whether it came at
// last or not.
#pragma once

#include <string>
#include <vector>

#include "rehearsal/outcome.h"

namespace reel::rehearsal {

struct Flagged {
  ExpectationOutcome expectation;  ///< as the file has it by which it is flagged
  std::vector<std::string> flows;  ///< correlation ids, sorted
};

struct Comparison {
  std::vector<Flagged> newly;
  std::vector<Flagged> no_longer;
};

[[nodiscard]] Comparison compare(Rehearsal& before, Rehearsal& after);

}  // namespace reel::rehearsal
