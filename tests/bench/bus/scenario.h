// What is measured, and what Reel means to reach.
//
//   for (const Scenario& scenario : scenarios()) …      // scenarios.cpp is the list
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "figures.h"
#include "task.h"

namespace reel::bench {

/// One that takes part: a peer, and how it is asked to.
struct Entrant {
  std::string name;
  Task task;
};

/// `entrant`'s figure against the best of `others`, or against 1 where there are none: at least (or at most,
/// where less is better) so many times that. With a factor of 0 nothing is wanted: the ratio is said, no
/// more.
struct Goal {
  std::string entrant;
  std::string figure;
  double factor = 1;
  std::vector<std::string> others;
  /// That of the others; empty: the same.
  std::string figure_of_others = {};
};

struct Scenario {
  std::string name;
  /// One line for people.
  std::string about;
  std::vector<Entrant> entrants;
  std::vector<Goal> goals;
};

[[nodiscard]] const std::vector<Scenario>& scenarios();

/// A round in which the bus did not do its work; it has no figures.
struct Failure {
  int round = 0;  ///< from 1
  std::string error;
};

/// What an entrant did. The medians of its runs are what goals are judged by.
struct Outcome {
  std::string name;
  std::vector<Figures> runs;
  std::vector<Failure> failures;
};
using Results = std::vector<Outcome>;

struct Judgement {
  double value = 0;      ///< of the entrant
  std::string against;   ///< the best other; empty: none, the goal is a number
  double reference = 0;  ///< its value, or 1
  bool reached = false;
  [[nodiscard]] double ratio() const { return value / reference; }
};

/// Nothing can be said (`reference` is 0) where the entrant or all others have no runs.
[[nodiscard]] Judgement judge(const Goal& goal, const Results& results);

}  // namespace reel::bench
