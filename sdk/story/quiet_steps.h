// What views of a flow leave out until it is asked for: events of low importance (topics.*.importance),
// unless something hangs on them.
//
//   const auto quiet = quiet_steps(picture);     // quiet[i]: step i may be left out, and all below it
//
// Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "story/flow_picture.h"

namespace reel::story {

/// What waits for a service for longer is trouble: that one is away, or far behind.
inline constexpr std::uint64_t quiet_wait_ns = 10'000'000'000;

/// Nothing below such a step is shown either, no expectation of the flow names its topic, and nobody has
/// trouble with it. None where deliveries were not looked at: nobody knows of trouble then.
[[nodiscard]] std::vector<bool> quiet_steps(const FlowPicture& picture);

}  // namespace reel::story
