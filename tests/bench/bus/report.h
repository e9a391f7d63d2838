// What a person reads of the results: a table for each scenario, and how its goals stand.
//
//   os-128-1x1: kept, handled, acked; the disk when it likes
//     reel             988,000/s (951,000 – 1,010,000)  CPU s/M 1.60: broker 0.54, receivers 0.52, senders
//     0.54 jetstream-push   108,000/s … ✓ reel events_per_s is 9.15 × jetstream-push (wanted: at least 10.00
//     ×)
//
// Pure: text in, text out.
#pragma once

#include <string>

#include "scenario.h"

namespace reel::bench {

[[nodiscard]] std::string report(const Scenario& scenario, const Results& results);

/// "1,234,567"
[[nodiscard]] std::string thousands(double value);

}  // namespace reel::bench
