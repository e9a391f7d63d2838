// What the journal's threads report to the one that owns the journal. What is known about the segments is
// owned by that thread alone, and grows by these reports: so there is nothing to lock.
#pragma once

#include <memory>
#include <variant>
#include <vector>

#include "journal/index.h"
#include "journal/journal.h"

namespace reel::broker {

/// A commit: how its segment, perhaps a new one, grew.
struct Progress {
  std::shared_ptr<const Segment> segment;
  std::vector<IndexEntry> entries;
  SegmentEnd end;
  std::size_t bytes = 0;
  Offset synced_end = 0;
};

/// The answer to sync(): everything before this offset is on the disk.
struct Synced {
  Offset end = 0;
};

using ThreadDone = std::variant<Progress, Synced, ReadDone, WriteFailing, DeleteFailed>;

}  // namespace reel::broker
