// A case played: what came of it, compared with what it expects. Pure; no bus, no clock.
#pragma once

#include <string>
#include <vector>

#include "rehearsal/cases.h"

namespace reel::rehearsal {

struct Difference {
  int line = 0;
  std::string subject;
  std::string expected;
  std::string got;
};

struct CaseResult {
  const Case* played = nullptr;
  std::vector<Difference> differences;

  [[nodiscard]] bool passed() const { return differences.empty(); }
};

/// Besides what it expects, whatever became overdue and is not named is a difference.
[[nodiscard]] CaseResult play(const CaseFile& file, const Case& to_play);

}  // namespace reel::rehearsal
