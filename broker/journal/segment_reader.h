// Reads a segment, record by record, and believes nothing that its checksum does not confirm.
//
//   SegmentReader reader{segment, entry.position, entry.offset, end_position, 1 << 20};
//   while (reader.next()) use(reader.batch());
//   if (reader.position() < end_position) throw JournalError{reader.damage()};
//
// It reads a block at a time; the batches it gives out share the block they stand in.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "journal/segment.h"

namespace reel::broker {

class SegmentReader {
 public:
  /// Begins at the record at `position`, whose first offset is `offset`, and reads nothing at or behind
  /// `end_position`.
  SegmentReader(std::shared_ptr<const Segment> segment, std::uint64_t position, Offset offset,
                std::uint64_t end_position, std::size_t block_bytes);

  /// Goes to the next record. False, and stays where it is, where the bytes end or are no whole record.
  [[nodiscard]] bool next();
  /// The next record, if there is one, stands in the block that was read last.
  [[nodiscard]] bool next_is_in_block() const;

  /// The record next() found.
  [[nodiscard]] const RecordHeader& header() const { return header_; }
  /// The same as a batch. Throws JournalError where the payload is not what the header says.
  [[nodiscard]] StoredBatchPtr batch() const;

  /// Where the next record begins, and its first offset.
  [[nodiscard]] std::uint64_t position() const { return position_; }
  [[nodiscard]] Offset offset() const { return offset_; }
  /// What is wrong at position(), after next() said false before the end.
  [[nodiscard]] std::string damage() const;

 private:
  [[nodiscard]] std::string_view view(std::uint64_t position, std::uint64_t bytes);

  std::shared_ptr<const Segment> segment_;
  std::uint64_t position_;
  Offset offset_;
  std::uint64_t end_position_;
  std::size_t block_bytes_;

  std::shared_ptr<char[]> block_;
  std::uint64_t block_position_ = 0;
  std::size_t block_size_ = 0;

  RecordHeader header_;
  std::uint64_t header_position_ = 0;
  std::string_view payload_;
};

}  // namespace reel::broker
