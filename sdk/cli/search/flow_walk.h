// Adding something up over flows: slice by slice from the tracker, which never looks at more flows for one
// answer than fit between two deadlines.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "cli/invocation.h"
#include "cli/search/flow_finder.h"
#include "reel/v1/query.pb.h"
#include "search/expression.h"

namespace reel::cli {

/// What a slice's answer says of the walk.
struct WalkedSlice {
  std::string next;
  std::uint64_t looked_at = 0;
};

/// Calls `ask` for one selection of flows after the other, until all that `query` means were in one. Where it
/// is about payloads the flows are found first, and then named.
FindOutcome walk_flows(Invocation& invocation, const search::FlowQuery& query,
                       const std::function<WalkedSlice(const v1::FlowSelection&)>& ask);

}  // namespace reel::cli
