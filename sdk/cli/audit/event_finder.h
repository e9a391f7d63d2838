// Finds one event in the journal by its id.
//
//   const EventSearch found = find_event(invocation, id, flow, end);
//   if (found.any()) … found.offset() …
//
// Looks where the tracker saw it, when the flow is named; then where an id that says when it was made should
// be; then everywhere. A journal of a million events takes about a second to search.
#pragma once

#include <string>

#include "cli/audit/event_search.h"
#include "cli/audit/journal_reading.h"
#include "cli/invocation.h"

namespace reel::cli {

/// `flow` may be empty. Throws Failure where the broker cannot be asked.
[[nodiscard]] EventSearch find_event(Invocation& invocation, const std::string& id, const std::string& flow,
                                     const JournalEnd& end);

}  // namespace reel::cli
