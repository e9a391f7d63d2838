#include "ledger/offset_set.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <limits>

namespace reel::broker {
namespace {

// The bits [begin, end) of a word, 0 <= begin < end <= 64.
std::uint64_t mask_of(std::uint64_t begin, std::uint64_t end) {
  return (~std::uint64_t{0} << begin) & (~std::uint64_t{0} >> (64 - end));
}

// Joins [first, end) to the last range where it continues that; ranges count in 32 bits.
void add_range(std::vector<v1::OffsetRange>& ranges, Offset first, Offset end) {
  constexpr std::uint64_t count_max = std::numeric_limits<std::uint32_t>::max();
  if (!ranges.empty() && ranges.back().first() + ranges.back().count() == first) {
    first = ranges.back().first();
    ranges.pop_back();
  }
  for (; first != end; first += ranges.back().count()) {
    v1::OffsetRange& range = ranges.emplace_back();
    range.set_first(first);
    range.set_count(static_cast<std::uint32_t>(std::min(end - first, count_max)));
  }
}

}  // namespace

void OffsetSet::Bitmap::add(std::uint64_t begin, std::uint64_t end) {
  while (begin < end) {
    const std::uint64_t word_end = std::min((begin / 64 + 1) * 64, end);
    const std::uint64_t added = mask_of(begin % 64, word_end - begin / 64 * 64) & ~words[begin / 64];
    words[begin / 64] |= added;
    count += static_cast<std::uint32_t>(std::popcount(added));
    begin = word_end;
  }
}

void OffsetSet::Bitmap::erase_below(std::uint64_t end) {
  for (std::uint64_t begin = 0; begin < end; begin += 64) {
    const std::uint64_t erased = mask_of(0, std::min<std::uint64_t>(end - begin, 64)) & words[begin / 64];
    words[begin / 64] &= ~erased;
    count -= static_cast<std::uint32_t>(std::popcount(erased));
  }
}

void OffsetSet::insert(Offset first, std::uint64_t count) {
  const Offset end = first + std::min<Offset>(count, ~first);
  if (first == end) return;
  const std::uint64_t first_chunk = first >> chunk_bits;
  const std::uint64_t last_chunk = (end - 1) >> chunk_bits;
  const std::uint64_t begin_in_first = first % chunk_offsets;
  const std::uint64_t end_in_last = (end - 1) % chunk_offsets + 1;
  if (first_chunk == last_chunk) return insert_part(first_chunk, begin_in_first, end_in_last);
  insert_part(first_chunk, begin_in_first, chunk_offsets);
  if (first_chunk + 1 < last_chunk) insert_whole(first_chunk + 1, last_chunk);
  insert_part(last_chunk, 0, end_in_last);
}

void OffsetSet::insert_part(std::uint64_t chunk, std::uint64_t begin, std::uint64_t end) {
  if (is_whole(chunk)) return;
  if (end - begin == chunk_offsets) return insert_whole(chunk, chunk + 1);
  Bitmap& bitmap = partial_[chunk];
  bitmap.add(begin, end);
  if (bitmap.count == chunk_offsets) insert_whole(chunk, chunk + 1);
}

void OffsetSet::insert_whole(std::uint64_t begin, std::uint64_t end) {
  partial_.erase(partial_.lower_bound(begin), partial_.lower_bound(end));
  auto after = whole_.upper_bound(begin);
  if (after != whole_.begin() && std::prev(after)->second >= begin) {
    --after;
    begin = after->first;
  }
  while (after != whole_.end() && after->first <= end) {
    end = std::max(end, after->second);
    after = whole_.erase(after);
  }
  whole_.emplace_hint(after, begin, end);
}

bool OffsetSet::is_whole(std::uint64_t chunk) const {
  const auto after = whole_.upper_bound(chunk);
  return after != whole_.begin() && std::prev(after)->second > chunk;
}

bool OffsetSet::contains(Offset offset) const {
  const std::uint64_t chunk = offset >> chunk_bits;
  if (is_whole(chunk)) return true;
  const auto found = partial_.find(chunk);
  return found != partial_.end() && found->second.contains(offset % chunk_offsets);
}

void OffsetSet::erase_below(Offset floor) {
  const std::uint64_t chunk = floor >> chunk_bits;
  if (is_whole(chunk) && floor % chunk_offsets != 0) {
    // The chunk that the floor runs through is whole no more.
    const std::uint64_t end = std::prev(whole_.upper_bound(chunk))->second;
    whole_.erase(std::prev(whole_.upper_bound(chunk)));
    if (chunk + 1 < end) whole_.emplace(chunk + 1, end);
    partial_[chunk].add(0, chunk_offsets);
  }
  while (!whole_.empty() && whole_.begin()->first < chunk) {
    const std::uint64_t end = whole_.begin()->second;
    whole_.erase(whole_.begin());
    if (end > chunk) whole_.emplace(chunk, end);
  }
  partial_.erase(partial_.begin(), partial_.lower_bound(chunk));
  const auto edge = partial_.find(chunk);
  if (edge == partial_.end()) return;
  edge->second.erase_below(floor % chunk_offsets);
  if (edge->second.count == 0) partial_.erase(edge);
}

std::vector<v1::OffsetRange> OffsetSet::ranges() const {
  std::vector<v1::OffsetRange> ranges;
  auto whole = whole_.begin();
  const auto add_whole_before = [&](std::uint64_t chunk) {
    for (; whole != whole_.end() && whole->first < chunk; ++whole) {
      add_range(ranges, whole->first << chunk_bits, whole->second << chunk_bits);
    }
  };
  for (const auto& [chunk, bitmap] : partial_) {
    add_whole_before(chunk);
    for (std::uint64_t bit = 0; bit < chunk_offsets;) {
      // Zeroes, then ones, each to the end of the word at most.
      const std::uint64_t rest = bitmap.words[bit / 64] >> (bit % 64);
      if (rest == 0) {
        bit = (bit / 64 + 1) * 64;
        continue;
      }
      const std::uint64_t first = bit + static_cast<std::uint64_t>(std::countr_zero(rest));
      const auto ones = static_cast<std::uint64_t>(std::countr_one(bitmap.words[first / 64] >> (first % 64)));
      bit = first + ones;
      add_range(ranges, (chunk << chunk_bits) + first, (chunk << chunk_bits) + bit);
    }
  }
  add_whole_before(std::numeric_limits<std::uint64_t>::max());
  return ranges;
}

}  // namespace reel::broker
