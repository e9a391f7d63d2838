// What a reader of the journal must know of subscriptions before it reads: from the journal's records, and of
// services that it has no record of, from the broker.
#pragma once

#include "cli/audit/interests.h"
#include "cli/audit/journal_reading.h"
#include "reel/v1/query.pb.h"

namespace reel::cli {

[[nodiscard]] v1::ServicesReply ask_services(const Globals& globals);

/// Reads the records from `start` to the journal's end, which was at `moment` when the broker said `said`.
/// Returns the offset that the stretch begins with.
std::uint64_t learn_subscriptions(Invocation& invocation, Start start, const JournalEnd& moment,
                                  const v1::ServicesReply& said, Interests& interests);

}  // namespace reel::cli
