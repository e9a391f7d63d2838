// The sparse index of a segment: where a record stands, one entry for about every 64 KiB.
//
// It finds the place to begin reading for an offset or a log time; what stands between two entries is walked.
// It grows with the segment, and is written beside it when the segment is closed. The file saves a scan and
// nothing else: where it is absent, broken or another segment's, the index is built again from the segment.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "journal/segment.h"

namespace reel::broker {

/// A record begins here.
struct IndexEntry {
  Offset offset = 0;
  LogTime log_time = 0;
  std::uint64_t position = 0;
};
static_assert(sizeof(IndexEntry) == 24, "as it stands in the file");

/// Where a segment's last record ends.
struct SegmentEnd {
  Offset offset = 0;          ///< of the next event
  LogTime last_log_time = 0;  ///< of the last event
  std::uint64_t position = 0;
};

class SegmentIndex {
 public:
  /// 24 bytes for each of these: 0.04 % of the journal, held in memory.
  static constexpr std::uint64_t spacing_bytes = 64 << 10;

  explicit SegmentIndex(const Segment& segment)
      : end_{segment.first_offset(), segment.log_time_before(), segment.begin_position()} {}

  /// The record at the end so far.
  void add(const RecordHeader& record);
  /// Forgets what was added since there were `entries` and the end was this one.
  void cut_back(std::size_t entries, const SegmentEnd& end);
  /// What another index of the segment grew by.
  void extend(std::span<const IndexEntry> entries, const SegmentEnd& end);

  [[nodiscard]] const std::vector<IndexEntry>& entries() const { return entries_; }
  [[nodiscard]] const SegmentEnd& end() const { return end_; }
  [[nodiscard]] bool empty() const { return entries_.empty(); }

  /// The last entry at or before `offset`, or else the first. Not where the segment is empty.
  [[nodiscard]] const IndexEntry& entry_before(Offset offset) const;
  /// The last entry whose log time is not later than `time`, or else the first.
  [[nodiscard]] const IndexEntry& entry_before_time(LogTime time) const;

  /// Writes the index beside its segment. Where that fails nothing is lost but time at the next start.
  void save(const Segment& segment) const;
  /// The index that was saved for `segment`; nothing where there is none or it cannot be relied on.
  [[nodiscard]] static std::optional<SegmentIndex> load(const Segment& segment);

 private:
  std::vector<IndexEntry> entries_;
  SegmentEnd end_;
};

/// A segment and where things stand in it.
struct IndexedSegment {
  std::shared_ptr<const Segment> segment;
  SegmentIndex index;
};

/// "…/00000000000000000001.index"
[[nodiscard]] std::filesystem::path index_path(const std::filesystem::path& segment_path);

}  // namespace reel::broker
