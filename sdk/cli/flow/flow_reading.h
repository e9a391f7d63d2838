// Reading one flow: its steps and verdicts from the tracker, page by page, and what became of its deliveries
// from the journal.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "cli/invocation.h"
#include "reel/v1/query.pb.h"
#include "story/deliveries_reading.h"

namespace reel::cli {

using namespace story;

struct FlowQuestion {
  std::string id;
  std::uint32_t limit = 0;  ///< steps; 0: all
  std::uint64_t after = 0;  ///< only steps behind this offset
};

/// Throws Failure where the tracker is not reachable or knows no such flow. `next` of the reply is set where
/// there are more steps than were asked for.
[[nodiscard]] v1::FlowReply fetch_flow(const Globals& globals, const FlowQuestion& question);

/// Of the steps of `flow`, as the journal tells until log time `until`. Null where there is nothing to read.
/// Throws Failure where the broker is not reachable.
[[nodiscard]] std::unique_ptr<ReadDeliveries> read_deliveries(Invocation& invocation,
                                                              const v1::FlowReply& flow,
                                                              std::uint64_t until = FlowDeliveries::for_ever);

}  // namespace reel::cli
