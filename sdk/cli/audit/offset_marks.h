// A set of offsets, as unsettled deliveries make it: added one by one in ascending order, taken out roughly
// in that order.
//
// Bitmaps of 4,096 offsets: 0.14 bytes for each offset where they lie close together, some 600 for one that
// is alone. A set with nothing in it holds nothing. Not thread-safe.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <map>

namespace reel::cli {

class OffsetMarks {
 public:
  /// False where it was there already.
  bool add(std::uint64_t offset);
  /// False where it was not there.
  bool take(std::uint64_t offset);
  [[nodiscard]] bool holds(std::uint64_t offset) const;
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  /// Takes out everything before `end` and hands it to `each`, ascending.
  template <class Each>
  void take_below(std::uint64_t end, Each each);
  void forget_below(std::uint64_t end) {
    take_below(end, [](std::uint64_t) {});
  }
  /// Everything goes over to `other`.
  void move_to(OffsetMarks& other);

 private:
  static constexpr unsigned chunk_bits = 12;
  struct Chunk {
    std::array<std::uint64_t, (1u << chunk_bits) / 64> words{};
    std::uint32_t count = 0;
  };
  static std::uint64_t bit_of(std::uint64_t offset) { return offset & ((1u << chunk_bits) - 1); }

  std::map<std::uint64_t, Chunk> chunks_;  // by offset >> chunk_bits; none is empty
  std::uint64_t size_ = 0;
};

template <class Each>
void OffsetMarks::take_below(std::uint64_t end, Each each) {
  while (!chunks_.empty()) {
    const auto chunk = chunks_.begin();
    const std::uint64_t base = chunk->first << chunk_bits;
    if (base >= end) return;
    for (std::size_t i = 0; i < chunk->second.words.size(); ++i) {
      while (const std::uint64_t word = chunk->second.words[i]) {
        const std::uint64_t offset = base + i * 64 + static_cast<unsigned>(std::countr_zero(word));
        if (offset >= end) return;
        chunk->second.words[i] &= word - 1;
        --chunk->second.count;
        --size_;
        each(offset);
      }
    }
    chunks_.erase(chunk);
  }
}

}  // namespace reel::cli
