// The medians as a picture: bars for each scenario, the spread of the runs as a thin line on each.
#pragma once

#include <string>

#include "results_file.h"

namespace reel::bench {

/// An SVG document.
[[nodiscard]] std::string plot(const AllResults& results);

}  // namespace reel::bench
