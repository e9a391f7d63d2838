// The whole broker against a naive model of what it promises: random publishes, answers, losses, pauses,
// letters, replays, full disks, kills and restarts, in virtual time.
#include <doctest/doctest.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstdlib>

#include "walk.h"

using namespace reel::broker::test;

namespace {

using Kind = StepKind;

const std::vector<std::pair<Kind, unsigned>> ordinary{
    {Kind::publish, 20}, {Kind::publish_again, 3}, {Kind::answer, 30},    {Kind::answer_late, 2},
    {Kind::time, 12},    {Kind::join, 5},          {Kind::join_again, 1}, {Kind::leave, 1},
    {Kind::die, 2},      {Kind::hang, 1},          {Kind::pause, 1},      {Kind::resume, 2},
    {Kind::redrive, 3},  {Kind::discard, 2},       {Kind::retry_now, 2},  {Kind::give_up, 2},
    {Kind::replay, 1},   {Kind::cancel, 1},        {Kind::stall, 1},      {Kind::fill, 1},
    {Kind::go_on, 4},    {Kind::snapshot, 1},      {Kind::retain, 1},     {Kind::restart, 1}};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t times_slower = 6;
#else
constexpr std::uint64_t times_slower = 1;
#endif

// REEL_SOAK walks fifty times as far, a sanitizer a sixth; REEL_CASE=N takes one walk alone.
void walks(const Load& load, std::uint64_t count) {
  spdlog::set_level(spdlog::level::off);
  count /= times_slower;
  const char* const only = std::getenv("REEL_CASE");
  const auto last = std::getenv("REEL_SOAK") != nullptr ? count * 50 : count;
  for (std::uint64_t seed = 1; seed <= last; ++seed) {
    if (only != nullptr && std::to_string(seed) != only) continue;
    const auto steps = steps_of(load, seed);
    if (walk(load, steps).wrong.empty()) continue;
    const auto outcome = walk(load, fewest(load, steps));
    std::string history;
    for (const auto& line : outcome.history) history += line + "\n";
    FAIL("REEL_CASE=", seed, ": ", outcome.wrong, "\nafter\n", history);
  }
}

/// Some kinds are so many times as frequent.
std::vector<std::pair<Kind, unsigned>> more_of(std::vector<Kind> kinds, unsigned times) {
  auto weights = ordinary;
  for (auto& [kind, weight] : weights) {
    if (std::find(kinds.begin(), kinds.end(), kind) != kinds.end()) weight *= times;
  }
  return weights;
}

}  // namespace

TEST_CASE("the broker keeps its promises: everything happens, and the newest events are in memory") {
  walks({.kinds = ordinary}, 60);
}

TEST_CASE("the broker keeps its promises: it may hold little, and reads the journal for most of it") {
  walks({.kinds = ordinary, .window_events_max = 12, .parked_events_max = 3, .tail_bytes_max = 1}, 60);
}

TEST_CASE("the broker keeps its promises: of few keys more waits than it has room for") {
  walks({.kinds = more_of({Kind::publish, Kind::hang, Kind::time}, 2),
         .keys = 3,
         .window_events_max = 8,
         .parked_events_max = 3},
        60);
}

TEST_CASE("the broker keeps its promises: killed again and again, with a disk that is full or slow") {
  walks({.kinds = more_of({Kind::stall, Kind::fill, Kind::go_on, Kind::restart, Kind::snapshot, Kind::retain,
                           Kind::publish_again},
                          4)},
        50);
}

TEST_CASE("the broker keeps its promises: instances come and go") {
  walks({.kinds = more_of({Kind::join, Kind::join_again, Kind::leave, Kind::die, Kind::hang}, 4), .keys = 20},
        50);
}

TEST_CASE("the broker keeps its promises: instances name one thing, then another") {
  auto kinds = more_of({Kind::join, Kind::join_again, Kind::leave, Kind::restart}, 2);
  // What a replay is about is what the service wants when it comes to it.
  std::erase_if(kinds, [](const auto& kind) { return kind.first == Kind::replay; });
  kinds.emplace_back(Kind::change, 6);
  kinds.emplace_back(Kind::forget, 4);
  walks({.kinds = kinds, .changes = true, .parked_events_max = 3}, 60);
}

TEST_CASE("the broker keeps its promises: a service is kept to its rate, another has a circuit breaker") {
  walks({.kinds = more_of({Kind::answer, Kind::time, Kind::hang}, 2), .limits = true}, 50);
}

TEST_CASE("the broker keeps its promises: some topics are live only, some require a subscriber") {
  walks({.kinds = more_of({Kind::publish_again, Kind::restart, Kind::fill, Kind::time}, 2), .fussy = true},
        50);
}

TEST_CASE("the broker keeps its promises: operators have much to do") {
  walks({.kinds = more_of({Kind::pause, Kind::resume, Kind::redrive, Kind::discard, Kind::retry_now,
                           Kind::give_up, Kind::replay, Kind::cancel},
                          5),
         .keys = 3,
         .parked_events_max = 3},
        50);
}
