// One event's story, read out of the journal, each time as little of it as possible: for the subscriptions
// from the event on, and for what the ledger says of it, until nobody is owed it any more.
#pragma once

#include <cstdint>

#include "reel/v1/query.pb.h"
#include "story/event_story.h"
#include "story/interests.h"
#include "story/journal.h"

namespace reel::story {

/// Where the event itself stands, where a redelivery of it may stand at `offset`; 0: nothing stands there.
[[nodiscard]] std::uint64_t origin_of(const Journal& journal, std::uint64_t offset, const JournalEnd& end);

/// Tells `story`, which is of these `interests`, of the event at `offset`; with `all`, behind its settlement
/// up to the end, for replays. Returns where the journal begins: `offset`, unless it no longer holds the
/// event and nothing was told.
[[nodiscard]] std::uint64_t tell_event(const Journal& journal, std::uint64_t offset, const JournalEnd& end,
                                       const v1::ServicesReply& said, bool all, Interests& interests,
                                       EventStory& story);

}  // namespace reel::story
