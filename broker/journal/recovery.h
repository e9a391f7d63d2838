// Opening a journal: what is on the disk, whether it is whole, and where it ends.
//
// Segments that were closed are checked cheaply: header, order, and the records behind the last index entry.
// The newest one is walked to its end. There a crash may have left a batch half written, a *torn tail*, which
// was never reported as committed and is cut. Damage of anything that was committed is refused, with nothing
// changed on the disk. A record says up to where its segment was synced when it was written; that tells the
// two apart: what is broken before such a position was whole once.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "journal/index.h"

namespace reel::broker {

struct Recovered {
  /// In offset order, without gaps; the last one is the one to go on with. Empty where nothing was there.
  std::vector<IndexedSegment> segments;
  /// What was found and done, a line each.
  std::vector<std::string> notes;
};

/// Everything in `segments` is synced afterwards. Throws JournalError. The caller holds the directory's lock.
[[nodiscard]] Recovered recover(const std::filesystem::path& directory);

}  // namespace reel::broker
