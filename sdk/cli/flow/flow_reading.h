// Reading one flow: its steps and verdicts from the tracker, page by page, and what became of its deliveries
// from the journal.
//
// The tracker says where the flow's events stand. From the first of them on the broker sends the flow's own
// events and the ledger's records, nothing else, until nobody is owed any of them: a flow that is settled
// costs its own stretch of the journal, one with a dead letter or an open delivery all that stands behind it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "cli/audit/interests.h"
#include "cli/flow/flow_deliveries.h"
#include "cli/invocation.h"
#include "reel/v1/query.pb.h"

namespace reel::cli {

struct FlowQuestion {
  std::string id;
  std::uint32_t limit = 0;  ///< steps; 0: all
  std::uint64_t after = 0;  ///< only steps behind this offset
};

/// Throws Failure where the tracker is not reachable or knows no such flow. `next` of the reply is set where
/// there are more steps than were asked for.
[[nodiscard]] v1::FlowReply fetch_flow(const Globals& globals, const FlowQuestion& question);

struct ReadDeliveries {
  explicit ReadDeliveries(ContentFilter filter) : interests{std::move(filter)} {}
  Interests interests;
  std::unique_ptr<FlowDeliveries> deliveries;
};

/// Of the steps of `flow`, as the journal tells until log time `until`. Null where there is nothing to read.
/// Throws Failure where the broker is not reachable.
[[nodiscard]] std::unique_ptr<ReadDeliveries> read_deliveries(Invocation& invocation,
                                                              const v1::FlowReply& flow,
                                                              std::uint64_t until = FlowDeliveries::for_ever);

}  // namespace reel::cli
