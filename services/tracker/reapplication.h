// Moving an open flow to the newest version of its definition, which somebody has asked for.
//
//   Reapplication reapplication{definitions, verdicts};
//   if (reapplication.apply(flow, judged_upto)) …          // the flow has changed; there may be verdicts
//
// What the two versions say in the same words goes on as it is: its deadlines, what it remembers of A, what
// was told. What the new one says otherwise is judged from the steps that were recorded: as if it had stood
// in the file all along, with what would have fallen due meanwhile told now, as detected late. Payloads are
// not recorded, so that an expectation which asks for them, and is new, begins with the next event.
//
// What was told is never unsaid: a claim that is overdue stays, under the version that told it, until what it
// waits for comes or somebody waives it, and the new version does not tell the same once more.
#pragma once

#include <cstdint>
#include <vector>

#include "tracker/judge.h"

namespace reel::tracker {

class Reapplication {
 public:
  /// `verdicts` gets what the world is to be told.
  Reapplication(const DefinitionSet& definitions, std::vector<Judgement>& verdicts)
      : definitions_{definitions}, judge_{definitions, verdicts} {}

  /// False where the flow stays as it was: nothing of it is open under an older version, or the newest does
  /// not begin with what was recorded. Deadlines up to `upto` have been judged.
  bool apply(Flow& flow, std::uint64_t upto);

 private:
  struct Move;
  [[nodiscard]] Move move_of(const Flow& flow, const Instance& from) const;
  void judge_steps(const Flow& flow, Move& move, std::uint64_t upto) const;
  [[nodiscard]] const Role* role_of(Name topic, DefinitionIndex definition) const;
  void fill(Flow& next, std::vector<Claim> claims) const;
  void settle(Flow& next, const Move& move);

  const DefinitionSet& definitions_;
  Judge judge_;
};

}  // namespace reel::tracker
