// All of it as JSON, for who compares runs of other days: the machine, every run, those that failed, the
// medians, the goals.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "scenario.h"

namespace reel::bench {

using AllResults = std::vector<std::pair<Scenario, Results>>;

[[nodiscard]] nlohmann::json json_of(const AllResults& results);
/// Processor, cores and kernel, as far as the system tells.
[[nodiscard]] nlohmann::json machine();
/// How fast the processor runs just now; 0 where the system does not tell.
[[nodiscard]] double clock_ghz();

}  // namespace reel::bench
