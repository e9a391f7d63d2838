// The snapshot on disk: one file beside the journal, replaced as a whole. Losing or breaking it costs a
// longer start, never an event, so a broken one is reported and ignored.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "reel/v1/ledger.pb.h"

namespace reel::broker {

/// Writes beside, syncs, renames. Returns what went wrong, or nothing.
[[nodiscard]] std::optional<std::string> write_snapshot(const std::filesystem::path& path,
                                                        const v1::Snapshot& snapshot);

struct SnapshotRead {
  std::optional<v1::Snapshot> snapshot;
  std::string note;  ///< why there is none, where a file was there
};
[[nodiscard]] SnapshotRead read_snapshot(const std::filesystem::path& path);

}  // namespace reel::broker
