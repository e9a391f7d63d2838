// The snapshot on disk: one file beside the journal, replaced as a whole. Losing or breaking it costs a
// longer start, never an event, so a broken one is reported and ignored.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>

#include "reel/v1/ledger.pb.h"

namespace reel::broker {

/// Largest snapshot that is written: protobuf reads and writes no more at once. Some 20 million parked events
/// and a hundred services with all the letters they may have fit into it.
inline constexpr std::uint64_t snapshot_bytes_max = std::numeric_limits<std::int32_t>::max();

/// Writes beside, syncs, renames, syncs the folder. Returns what went wrong, or nothing: then the snapshot
/// will be there after a power cut too. Where it is too large, the one before stays as it is.
[[nodiscard]] std::optional<std::string> write_snapshot(const std::filesystem::path& path,
                                                        const v1::Snapshot& snapshot,
                                                        std::uint64_t bytes_max = snapshot_bytes_max);

struct SnapshotRead {
  std::optional<v1::Snapshot> snapshot;
  std::string note;  ///< why there is none, where a file was there
};
[[nodiscard]] SnapshotRead read_snapshot(const std::filesystem::path& path);

}  // namespace reel::broker
