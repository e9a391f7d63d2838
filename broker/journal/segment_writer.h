// Appends records to the newest segment.
//
//   writer.add(*batch); writer.add(*another); writer.write();   // one pwritev for all that was added
//   writer.sync();                                              // and they are on the disk
//
// Nothing is copied: the pieces of a batch go to the file from where they lie, so they must stay until
// write().
//
// Where a call throws, rewind() goes back to what was committed, and everything behind that is added again.
// That a sync failed is remembered. The system reports such a failure once and may then take the pages for
// clean: a second sync that succeeds says nothing about them. So all that was not synced is written once more
// before the next sync: from memory what is added again, the rest as the system still has it, if its
// checksums say that it is what was written.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <vector>

#include "journal/index.h"
#include "journal/segment.h"

namespace reel::broker {

class SegmentWriter {
 public:
  /// A new segment with room for `bytes`. It has its name only when its header is on the disk; the directory
  /// is synced.
  static SegmentWriter create(const std::filesystem::path& directory, Offset first_offset,
                              LogTime log_time_before, std::uint64_t bytes);
  /// Goes on behind what `segment` holds, all of which must be synced.
  static SegmentWriter resume(const IndexedSegment& segment);

  [[nodiscard]] const std::shared_ptr<const Segment>& segment() const { return segment_; }
  [[nodiscard]] const SegmentIndex& index() const { return index_; }

  [[nodiscard]] bool has_room_for(std::uint64_t payload_bytes) const {
    return index_.end().position + record_size(payload_bytes) <= size_;
  }
  /// Makes an empty segment large enough for a batch that would fit into no other either.
  void make_room_for(std::uint64_t payload_bytes);

  /// Lays out `batch` to be written.
  void add(const StoredBatch& batch);
  /// Hands everything added to the system.
  void write();
  /// Forgets what was added since the index had so many entries and this end, written or not.
  void rewind(std::size_t entries, const SegmentEnd& end);
  /// Waits until everything written is on the disk.
  void sync();
  [[nodiscard]] bool synced() const { return synced_position_ == index_.end().position; }
  /// Everything before this offset is on the disk.
  [[nodiscard]] Offset synced_end() const { return synced_offset_; }
  /// The last sync failed, and nothing has made up for it yet.
  [[nodiscard]] bool sync_failed() const { return sync_failed_; }
  /// For now there is nothing to add: syncs, and writes the index.
  void close();
  /// Nothing more will be added: as close(), and gives back the space that was not used.
  void seal();

 private:
  SegmentWriter(File file, const IndexedSegment& segment);
  void write_unsynced_again();

  std::shared_ptr<const Segment> segment_;
  File file_;
  std::uint64_t size_;
  SegmentIndex index_;
  std::uint64_t write_position_;
  std::uint64_t synced_position_;
  Offset synced_offset_;
  bool sync_failed_ = false;
  bool sealed_ = false;
  std::deque<RecordHeader> headers_;  // of what was added; addresses stay
  std::vector<iovec> pieces_;
};

/// Under this name a segment is prepared; what is left of it after a crash is deleted.
inline constexpr std::string_view unfinished_segment_name = "next.segment";

}  // namespace reel::broker
