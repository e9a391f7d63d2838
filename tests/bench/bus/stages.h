// Which stage of an event's path a sample of a profiler belongs to.
//
//   stage_of("broker", "reel-broker", {"reel::read_event", "reel::broker::Admission::judge_entries", "main"})
//     == "admit"
//
// The table is stages.cpp. A sample is the calls that were under way, the innermost first; the first one that
// the table knows says the stage, so that what serves all stages (reading an envelope, a container) counts
// for the one that asked for it. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace reel::bench {

/// A function and the file it stands in.
struct Call {
  std::string symbol;
  std::string object;
};

struct Sample {
  int process = 0;
  std::string thread;
  std::vector<Call> calls;  ///< innermost first
};

/// Empty where the table knows none of the calls, nor the thread.
[[nodiscard]] std::string_view stage_of(std::string_view part, const Sample& sample);

/// Where a stage stands in the table: the order of an event's path.
[[nodiscard]] std::size_t place_of(std::string_view part, std::string_view stage);

}  // namespace reel::bench
