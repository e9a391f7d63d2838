// A segment: one file of the journal, and the bytes it is made of. docs/journal.md is the page about them;
// the constants stand here, checked against it.
//
//   segment = segment-header *record *zero
//   record  = record-header payload *zero        (zeros up to the next multiple of 8)
//
// Numbers are little-endian. Every segment has a random salt, and every checksum is seeded with the salt and
// the position it stands for. So bytes are a record only where they were written as one: neither a payload
// that looks like a record nor a block of some deleted file can be taken for one.
#pragma once

#include <bit>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "journal/file.h"
#include "journal/stored_batch.h"

namespace reel::broker {

static_assert(std::endian::native == std::endian::little, "segments are written as they stand in memory");

struct SegmentHeader {
  static constexpr std::uint64_t magic_of_ours = 0x4c4e'524a'4c45'4552;  // "REELJRNL"
  static constexpr std::uint32_t version_of_ours = 1;

  std::uint64_t magic = magic_of_ours;
  std::uint32_t version = version_of_ours;
  std::uint32_t header_bytes = sizeof(SegmentHeader);
  std::uint64_t first_offset = 0;
  /// Of the last event before this segment: so that log time goes on even where that was deleted.
  std::uint64_t log_time_before = 0;
  std::uint64_t salt = 0;
  std::uint64_t reserved[2] = {0, 0};
  std::uint64_t checksum = 0;  ///< XXH3-64 of what stands before it

  [[nodiscard]] std::uint64_t checksum_due() const;
};
static_assert(sizeof(SegmentHeader) == 64 && std::is_trivially_copyable_v<SegmentHeader>);
static_assert(offsetof(SegmentHeader, salt) == 32 && offsetof(SegmentHeader, checksum) == 56);

struct RecordHeader {
  static constexpr std::uint32_t magic_of_ours = 0x3142'4552;  // "REB1"

  std::uint64_t checksum = 0;  ///< XXH3-64 of the rest of the header and the payload
  std::uint32_t magic = magic_of_ours;
  std::uint32_t payload_bytes = 0;
  std::uint64_t first_offset = 0;
  std::uint64_t log_time = 0;
  std::uint64_t producer = 0;
  std::uint64_t sequence = 0;
  /// Everything before this position of the segment was synced when this record was written. What is broken
  /// there was whole once; what is broken behind it may never have been.
  std::uint64_t synced_position = 0;
  std::uint32_t count = 0;
  std::uint32_t header_checksum = 0;  ///< low half of the XXH3-64 of magic … count

  [[nodiscard]] std::uint32_t header_checksum_due(std::uint64_t seed) const;
  /// The header is one that was written at this place. Says nothing about the payload.
  [[nodiscard]] bool written_here(std::uint64_t seed) const {
    return magic == magic_of_ours && header_checksum == header_checksum_due(seed);
  }
  [[nodiscard]] std::uint64_t end_offset() const { return first_offset + count; }
  [[nodiscard]] std::uint64_t last_log_time() const { return log_time + count - 1; }
};
static_assert(sizeof(RecordHeader) == 64 && std::is_trivially_copyable_v<RecordHeader>);
static_assert(offsetof(RecordHeader, magic) == 8 && offsetof(RecordHeader, payload_bytes) == 12);
static_assert(offsetof(RecordHeader, synced_position) == 48 && offsetof(RecordHeader, count) == 56);

inline constexpr std::uint64_t record_alignment = 8;
static_assert(sizeof(SegmentHeader) % record_alignment == 0 && sizeof(RecordHeader) % record_alignment == 0);

/// What a record with such a payload occupies.
[[nodiscard]] constexpr std::uint64_t record_size(std::uint64_t payload_bytes) {
  return (sizeof(RecordHeader) + payload_bytes + record_alignment - 1) / record_alignment * record_alignment;
}

/// The checksum of a record whose payload comes in pieces.
[[nodiscard]] std::uint64_t record_checksum(const RecordHeader& header,
                                            std::span<const std::string_view> payload, std::uint64_t seed);

/// A segment that is open for reading. Shared: it stays readable after its file was deleted.
class Segment {
 public:
  /// Throws JournalError where it cannot be read, is no segment, is of another version or is not the one its
  /// name says.
  static std::shared_ptr<const Segment> open(const std::filesystem::path& path);
  Segment(File file, const SegmentHeader& header) : file_{std::move(file)}, header_{header} {}

  [[nodiscard]] const File& file() const { return file_; }
  [[nodiscard]] const std::filesystem::path& path() const { return file_.path(); }
  [[nodiscard]] Offset first_offset() const { return header_.first_offset; }
  [[nodiscard]] LogTime log_time_before() const { return header_.log_time_before; }
  [[nodiscard]] std::uint64_t salt() const { return header_.salt; }
  /// Where the first record stands.
  [[nodiscard]] std::uint64_t begin_position() const { return header_.header_bytes; }
  /// What the checksums of the record at `position` are seeded with.
  [[nodiscard]] std::uint64_t seed(std::uint64_t position) const { return header_.salt + position; }
  /// "data/journal/00000000000000000001.journal, byte 64"
  [[nodiscard]] std::string place(std::uint64_t position) const;

 private:
  File file_;
  SegmentHeader header_;
};

/// "00000000000000001042.journal"
[[nodiscard]] std::string segment_name(Offset first_offset);
/// The offset in such a name; nothing where the name is another one.
[[nodiscard]] std::optional<Offset> segment_offset(std::string_view name);

}  // namespace reel::broker
