#include "cli/audit/offset_marks.h"

#include <limits>

namespace reel::cli {

bool OffsetMarks::add(std::uint64_t offset) {
  Chunk& chunk = chunks_[offset >> chunk_bits];
  std::uint64_t& word = chunk.words[bit_of(offset) / 64];
  const std::uint64_t bit = std::uint64_t{1} << (offset % 64);
  if ((word & bit) != 0) return false;
  word |= bit;
  ++chunk.count;
  ++size_;
  return true;
}

bool OffsetMarks::take(std::uint64_t offset) {
  const auto chunk = chunks_.find(offset >> chunk_bits);
  if (chunk == chunks_.end()) return false;
  std::uint64_t& word = chunk->second.words[bit_of(offset) / 64];
  const std::uint64_t bit = std::uint64_t{1} << (offset % 64);
  if ((word & bit) == 0) return false;
  word &= ~bit;
  --size_;
  if (--chunk->second.count == 0) chunks_.erase(chunk);
  return true;
}

bool OffsetMarks::holds(std::uint64_t offset) const {
  const auto chunk = chunks_.find(offset >> chunk_bits);
  if (chunk == chunks_.end()) return false;
  return ((chunk->second.words[bit_of(offset) / 64] >> (offset % 64)) & 1) != 0;
}

void OffsetMarks::move_to(OffsetMarks& other) {
  take_below(std::numeric_limits<std::uint64_t>::max(), [&](std::uint64_t offset) { other.add(offset); });
}

}  // namespace reel::cli
