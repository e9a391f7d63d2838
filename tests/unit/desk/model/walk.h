// A walk: a broker and its naive model, and steps that are done to both. A step is a kind and a number from
// which the rest of it is drawn, given how things stand; so a part of a walk is a walk too, and the shortest
// part that goes wrong is worth reading.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/model.h"

namespace reel::broker::test {

enum class StepKind : std::uint8_t {
  publish,
  publish_again,  // a batch that was answered, or that was not before the broker died
  answer,
  answer_late,  // to a delivery that is no longer there
  time,
  join,
  change,      // what an instance names
  join_again,  // the same instance in another session
  leave,
  die,
  hang,  // it says nothing any more
  pause,
  resume,
  redrive,
  discard,
  retry_now,
  give_up,
  replay,
  cancel,
  forget,  // a service that nobody serves
  stall,
  fill,  // the disk
  go_on,
  snapshot,
  retain,
  restart,
};

struct Step {
  StepKind kind{};
  std::uint64_t drawn = 0;
};

/// What of each kind there is in a walk, of how many steps, and how small the broker's limits are.
struct Load {
  std::vector<std::pair<StepKind, unsigned>> kinds;
  std::size_t steps = 500;
  unsigned keys = 5;
  bool fussy = false;    // events of all topics: some are live only, some require a subscriber
  bool limits = false;   // payments has a circuit breaker, stock a rate
  bool changes = false;  // instances name one thing, then another
  std::size_t window_events_max = 1'000;
  std::size_t parked_events_max = 1'000;
  std::uint64_t tail_bytes_max = 1u << 20;
};

[[nodiscard]] std::vector<Step> steps_of(const Load& load, std::uint64_t seed);

struct Outcome {
  std::string wrong;  ///< empty: nothing
  std::vector<std::string> history;
};
/// Takes the steps, and in the end lets everything be handled.
[[nodiscard]] Outcome walk(const Load& load, const std::vector<Step>& steps);

/// Of steps that go wrong as few as still do, as far as a bounded search finds.
[[nodiscard]] std::vector<Step> fewest(const Load& load, std::vector<Step> steps);

}  // namespace reel::broker::test
