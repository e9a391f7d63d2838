#include "journal/segment_writer.h"

#include <algorithm>
#include <cassert>
#include <limits>
#include <random>
#include <system_error>

#include "journal/segment_reader.h"

namespace reel::broker {

namespace {

constexpr std::size_t rewrite_block_bytes = 1 << 20;
constexpr const char* lost_remedy =
    ", after a sync that failed: the disk has lost it; restart the broker, which cuts what is not whole";

std::uint64_t random_salt() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

iovec piece_of(std::string_view bytes) {
  return {.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
}

}  // namespace

SegmentWriter SegmentWriter::create(const std::filesystem::path& directory, Offset first_offset,
                                    LogTime log_time_before, std::uint64_t bytes) try {
  SegmentHeader header;
  header.first_offset = first_offset;
  header.log_time_before = log_time_before;
  header.salt = random_salt();
  header.checksum = header.checksum_due();

  auto file = File::open(directory / unfinished_segment_name, File::Mode::create);
  file.reserve(std::max<std::uint64_t>(bytes, sizeof header));
  file.write({reinterpret_cast<const char*>(&header), sizeof header}, 0);
  file.sync();
  file.rename(directory / segment_name(first_offset));
  sync_directory(directory);

  const auto segment = Segment::open(file.path());
  return SegmentWriter{std::move(file), {segment, SegmentIndex{*segment}}};
} catch (const JournalError&) {
  std::error_code ignored;  // a full disk is not to be kept full by what could not be finished
  std::filesystem::remove(directory / unfinished_segment_name, ignored);
  throw;
}

SegmentWriter SegmentWriter::resume(const IndexedSegment& segment) {
  return SegmentWriter{File::open(segment.segment->path(), File::Mode::read_write), segment};
}

SegmentWriter::SegmentWriter(File file, const IndexedSegment& segment)
    : segment_{segment.segment},
      file_{std::move(file)},
      size_{file_.size()},
      index_{segment.index},
      write_position_{index_.end().position},
      synced_position_{index_.end().position},
      synced_offset_{index_.end().offset} {}

void SegmentWriter::make_room_for(std::uint64_t payload_bytes) {
  assert(index_.empty() && "a segment that holds something is left as it is");
  const auto needed = index_.end().position + record_size(payload_bytes);
  file_.reserve(needed);
  size_ = needed;
}

void SegmentWriter::add(const StoredBatch& batch) {
  static constexpr char zeros[record_alignment] = {};
  const auto position = index_.end().position;
  const auto payload_bytes = batch.bytes();
  assert(batch.first_offset == index_.end().offset && batch.count() > 0 && "offsets have no gaps");
  assert(batch.log_time > index_.end().last_log_time && "log time ascends");
  assert(payload_bytes <= std::numeric_limits<std::uint32_t>::max() && has_room_for(payload_bytes));

  auto& header = headers_.emplace_back();
  header.payload_bytes = static_cast<std::uint32_t>(payload_bytes);
  header.first_offset = batch.first_offset;
  header.log_time = batch.log_time;
  header.producer = batch.producer;
  header.sequence = batch.sequence;
  header.synced_position = synced_position_;
  header.count = batch.count();
  header.header_checksum = header.header_checksum_due(segment_->seed(position));
  header.checksum = record_checksum(header, batch.pieces, segment_->seed(position));

  pieces_.push_back(piece_of({reinterpret_cast<const char*>(&header), sizeof header}));
  for (const auto piece : batch.pieces) {
    if (!piece.empty()) pieces_.push_back(piece_of(piece));
  }
  const auto padding = record_size(payload_bytes) - sizeof header - payload_bytes;
  if (padding > 0) pieces_.push_back(piece_of({zeros, static_cast<std::size_t>(padding)}));
  index_.add(header);
}

void SegmentWriter::write() {
  file_.write(pieces_, write_position_);
  write_position_ = index_.end().position;
  pieces_.clear();
  headers_.clear();
}

void SegmentWriter::rewind(std::size_t entries, const SegmentEnd& end) {
  pieces_.clear();
  headers_.clear();
  index_.cut_back(entries, end);
  write_position_ = end.position;
  if (synced()) sync_failed_ = false;  // what the failed sync was about is added again
}

void SegmentWriter::sync() {
  assert(pieces_.empty() && "what is added is written first");
  if (sync_failed_) write_unsynced_again();
  sync_failed_ = true;
  file_.sync();
  sync_failed_ = false;
  synced_position_ = write_position_;
  synced_offset_ = index_.end().offset;
}

void SegmentWriter::write_unsynced_again() {
  SegmentReader reader{segment_, synced_position_, synced_offset_, write_position_, rewrite_block_bytes};
  while (reader.next()) {
  }
  if (reader.position() < write_position_) throw JournalError{reader.damage() + lost_remedy};
  std::vector<char> block(rewrite_block_bytes);
  for (auto at = synced_position_; at < write_position_;) {
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), write_position_ - at));
    const auto got = file_.read({block.data(), size}, at);
    if (got < size) throw JournalError{segment_->place(at + got) + ": the file ends here" + lost_remedy};
    file_.write({block.data(), got}, at);
    at += got;
  }
}

void SegmentWriter::close() {
  if (!synced()) sync();
  index_.save(*segment_);
}

void SegmentWriter::seal() {
  if (sealed_) return;
  close();
  file_.truncate(index_.end().position);
  size_ = index_.end().position;  // nothing fits any more
  sealed_ = true;
}

}  // namespace reel::broker
