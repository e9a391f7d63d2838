// What a reader of the journal must know of subscriptions before it reads: from the journal's records, and of
// services that it has no record of, from the broker.
#pragma once

#include "reel/v1/query.pb.h"
#include "story/interests.h"
#include "story/journal.h"

namespace reel::story {

/// Reads the records from `start` to the journal's end, which was at `moment` when the broker said `said`.
/// Returns the offset that the stretch begins with.
std::uint64_t learn_subscriptions(const Journal& journal, Start start, const JournalEnd& moment,
                                  const v1::ServicesReply& said, Interests& interests);

}  // namespace reel::story
