#include "journal/torn_tail.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace reel::broker {

namespace {

constexpr std::size_t block_bytes = 1 << 20;
static_assert(block_bytes % record_alignment == 0);

// The header of a record that was written at `position`, if `bytes` begin with one.
std::optional<RecordHeader> header_in(std::string_view bytes, const Segment& segment,
                                      std::uint64_t position) {
  RecordHeader header;
  if (bytes.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, bytes.data(), sizeof header);
  if (!header.written_here(segment.seed(position))) return std::nullopt;
  return header;
}

// Whether the payload that a header promises stands behind it.
bool is_whole(const RecordHeader& header, const Segment& segment, std::uint64_t position,
              std::uint64_t end_position) {
  if (record_size(header.payload_bytes) > end_position - position) return false;
  std::vector<char> payload(header.payload_bytes);
  if (segment.file().read(payload, position + sizeof header) < payload.size()) return false;
  const std::string_view bytes{payload.data(), payload.size()};
  return header.checksum == record_checksum(header, {&bytes, 1}, segment.seed(position));
}

}  // namespace

std::optional<TornTail> find_torn_tail(const Segment& segment, std::uint64_t position,
                                       std::uint64_t end_position) {
  TornTail tail;
  std::vector<char> block(block_bytes +
                          sizeof(RecordHeader));  // a header may begin in one and end in the next
  auto at = position;
  while (at < end_position) {
    const auto data = segment.file().next_data(at);
    if (!data) break;
    at = std::max(at, *data / record_alignment * record_alignment);
    const auto size = segment.file().read(
        {block.data(), static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), end_position - at))},
        at);
    if (size == 0) break;
    const std::string_view bytes{block.data(), size};
    if (const auto last = bytes.find_last_not_of('\0'); last != std::string_view::npos) {
      tail.bytes = at + last + 1 - position;
      for (std::size_t i = 0; i < std::min(size, block_bytes); i += record_alignment) {
        if (at + i == position) continue;  // the broken one itself
        const auto header = header_in(bytes.substr(i), segment, at + i);
        if (!header) continue;
        tail.synced_once = tail.synced_once || header->synced_position > position;
        tail.whole_batches += is_whole(*header, segment, at + i, end_position);
      }
    }
    at += block_bytes;
  }
  if (tail.bytes == 0) return std::nullopt;
  return tail;
}

std::string TornTail::note(const Segment& segment, std::uint64_t position, Offset offset) const {
  auto text = "cut " + std::to_string(bytes) + " bytes of an unfinished batch at offset " +
              std::to_string(offset) + " (" + segment.place(position) + ")";
  if (whole_batches > 0) {
    text += ", with it " + std::to_string(whole_batches) + " whole ones behind it that had not been synced";
  }
  return text;
}

}  // namespace reel::broker
