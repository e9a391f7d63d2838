// Waiting for a flow, after an event of it was published.
#pragma once

#include "cli/duration_text.h"
#include "cli/invocation.h"
#include "reel/outcome.h"

namespace reel::cli {

/// Shows the flow as it is then. Ends with ok, timed_out, or gone_wrong: settled or completed, but with dead
/// letters or something overdue.
[[nodiscard]] int wait_for_flow(Invocation& invocation, const PublishResult& published, bool completed,
                                nanoseconds within);

}  // namespace reel::cli
