// Finding flows: from the tracker, and where payloads are asked about, from the journal as well.
//
// The tracker prunes: of the flows it cannot decide it names the events that would. They are taken newest
// first in rounds, 1,000 flows and then twice as many each time, and the journal is read once for each round,
// where its events lie. So the newest few come soon, all of them cost about one walk through their part of
// the journal, and memory is bounded.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cli/invocation.h"
#include "reel/v1/query.pb.h"
#include "search/expression.h"

namespace reel::cli {

/// Flows of the first round, and of the largest: about 20 MB.
inline constexpr std::size_t round_flows_first = 1'000;
inline constexpr std::size_t round_flows_max = 100'000;

struct FindOutcome {
  bool more = false;            ///< there may be more than the limit
  std::uint64_t watermark = 0;  ///< the tracker's now
  std::uint64_t unjudged = 0;   ///< left out: not all of their events could be read
};

/// Hands over what the tracker says of each flow that `query` means, newest first, up to `limit`.
FindOutcome find_flows(Invocation& invocation, const search::FlowQuery& query, std::uint32_t limit,
                       const std::function<void(v1::FlowSummary&&)>& take);

/// The same, correlation ids only and all of them, in portions that fit into one question to the tracker.
FindOutcome find_ids(Invocation& invocation, const search::FlowQuery& query,
                     const std::function<void(const std::vector<std::string>&)>& take);

/// Says on stderr how many flows were left out, if any.
void tell_unjudged(Invocation& invocation, const FindOutcome& outcome);

}  // namespace reel::cli
