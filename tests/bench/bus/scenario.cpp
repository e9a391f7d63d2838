#include "scenario.h"

#include <algorithm>

namespace reel::bench {
namespace {

double median_of(const Results& results, const std::string& entrant, const std::string& figure) {
  for (const Outcome& outcome : results) {
    if (outcome.name == entrant) return spread_of(outcome.runs, figure).median;
  }
  return 0;
}

}  // namespace

Judgement judge(const Goal& goal, const Results& results) {
  const bool more = more_is_better(goal.figure);
  Judgement judgement{.value = median_of(results, goal.entrant, goal.figure)};
  if (goal.others.empty()) judgement.reference = 1;
  for (const std::string& other : goal.others) {
    const std::string& theirs = goal.figure_of_others.empty() ? goal.figure : goal.figure_of_others;
    const double value = median_of(results, other, theirs);
    const bool best = more ? value > judgement.reference : value < judgement.reference;
    if (value > 0 && (judgement.reference == 0 || best)) {
      judgement.against = other;
      judgement.reference = value;
    }
  }
  if (judgement.value == 0) judgement.reference = 0;
  const double wanted = goal.factor * judgement.reference;
  judgement.reached =
      judgement.reference > 0 && (more ? judgement.value >= wanted : judgement.value <= wanted);
  return judgement;
}

}  // namespace reel::bench
