// How far a flow is, in one line: what of its follow-ups has come, what has time left, who owes it.
//
//   progress_text(flow)   "3 of 5 done, 1 open with 12s left, 1 overdue, owed by payments, shipping"
//
// Counted are the expectations that were armed so far. What must not come is none, nor is the time of the
// whole flow, nor what a terminal event or a person ended.
#pragma once

#include <string>

#include "reel/v1/query.pb.h"

namespace reel::cli {

/// Empty where nothing is owed any more: then the flow's state says it all.
[[nodiscard]] std::string progress_text(const v1::FlowReply& flow);

}  // namespace reel::cli
