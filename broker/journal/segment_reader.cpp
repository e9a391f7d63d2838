#include "journal/segment_reader.h"

#include <algorithm>
#include <cstring>

namespace reel::broker {

SegmentReader::SegmentReader(std::shared_ptr<const Segment> segment, std::uint64_t position, Offset offset,
                             std::uint64_t end_position, std::size_t block_bytes)
    : segment_{std::move(segment)},
      position_{position},
      offset_{offset},
      end_position_{end_position},
      block_bytes_{block_bytes} {}

// The bytes at `position`, or fewer where the segment ends. A view into block_.
std::string_view SegmentReader::view(std::uint64_t position, std::uint64_t bytes) {
  if (position >= end_position_) return {};
  bytes = std::min(bytes, end_position_ - position);
  const bool in_block = position >= block_position_ && position + bytes <= block_position_ + block_size_;
  if (!in_block) {
    const auto wanted =
        std::min<std::uint64_t>(std::max<std::uint64_t>(bytes, block_bytes_), end_position_ - position);
    block_ = std::make_shared_for_overwrite<char[]>(wanted);  // batches may still hold the last one
    block_position_ = position;
    block_size_ = segment_->file().read({block_.get(), wanted}, position);
    bytes = std::min<std::uint64_t>(bytes, block_size_);
  }
  return {block_.get() + (position - block_position_), static_cast<std::size_t>(bytes)};
}

bool SegmentReader::next() {
  const auto head = view(position_, sizeof(RecordHeader));
  if (head.size() < sizeof(RecordHeader)) return false;
  RecordHeader header;
  std::memcpy(&header, head.data(), sizeof header);
  const auto seed = segment_->seed(position_);
  if (!header.written_here(seed) || header.first_offset != offset_) return false;
  if (header.end_offset() <= offset_) return false;  // no events, or more than there are offsets

  const auto size = record_size(header.payload_bytes);
  const auto record = view(position_, size);
  if (record.size() < size) return false;
  const auto payload = record.substr(sizeof header, header.payload_bytes);
  if (header.checksum != record_checksum(header, {&payload, 1}, seed)) return false;

  header_ = header;
  header_position_ = position_;
  payload_ = payload;
  position_ += size;
  offset_ = header.end_offset();
  return true;
}

bool SegmentReader::next_is_in_block() const {
  const auto block_end = block_position_ + block_size_;
  if (position_ < block_position_ || position_ + sizeof(RecordHeader) > block_end) return false;
  RecordHeader header;
  std::memcpy(&header, block_.get() + (position_ - block_position_), sizeof header);
  return position_ + record_size(header.payload_bytes) <= block_end;
}

StoredBatchPtr SegmentReader::batch() const {
  auto batch = std::make_shared<StoredBatch>();
  batch->first_offset = header_.first_offset;
  batch->log_time = header_.log_time;
  batch->producer = header_.producer;
  batch->sequence = header_.sequence;
  if (!batch->append(block_, payload_) || batch->count() != header_.count) {
    throw JournalError{
        segment_->place(header_position_) + ": the batch at offset " + std::to_string(header_.first_offset) +
        " is whole, but not the events its header says; it was not written by a broker of ours"};
  }
  return batch;
}

std::string SegmentReader::damage() const {
  return segment_->place(position_) + ": the batch at offset " + std::to_string(offset_) + " is damaged";
}

}  // namespace reel::broker
