// The deliveries of one event of a flow, a line each, as its tree shows them, and what is known of the
// clocks.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/terminal.h"
#include "story/attempts.h"
#include "story/flow_picture.h"

namespace reel::cli {

using namespace story;

/// Foreign text in it is not made safe yet.
struct DeliveryLine {
  std::uint64_t time = 0;  ///< log time
  std::string service;
  std::string outcome;  ///< "acked in 14 ms", "failed after 5.0 ms", "waiting for 12s"
  std::string detail;   ///< "attempt 2, at 7c2f: std::runtime_error: card reader broken; again in 10ms"
  Ink ink = Ink::plain;
};

/// By time: every attempt at every service, what was done about it in between, and who still waits for it.
[[nodiscard]] std::vector<DeliveryLine> delivery_lines(const FlowPicture& picture, std::size_t step);

/// One line for the services whose clocks may be right, one for each whose clock is not.
[[nodiscard]] std::vector<std::string> clock_lines(const FlowPicture& picture);

/// "up to 14 ms behind", "3.2 s to 3.4 s ahead", "at least 3.2 s ahead", "between 1 s behind and 2 s ahead",
/// "3 s ahead by one event, 1 s behind by another: it was set, or its instances differ".
[[nodiscard]] std::string skew_text(const ClockSkew& skew);

}  // namespace reel::cli
