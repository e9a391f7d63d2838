// A set of offsets, as settled deliveries make it: long solid stretches, with a thin edge where services
// answer out of order or want only every other event.
//
// Chunks of 4,096 offsets: whole ones are kept as ranges, the others as bitmaps. A range per stretch alone
// would be simpler and, where a service matches every second topic and one retry holds back the floor, would
// cost a tree node per event. So memory is bounded by the distance between floor and newest offset: at most
// 0.15 bytes for each, and nothing worth mentioning where it is solid.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <vector>

#include "journal/stored_batch.h"
#include "reel/v1/ledger.pb.h"

namespace reel::broker {

class OffsetSet {
 public:
  /// Adds `count` offsets from `first` on. The last offset there is, 2^64 - 1, is never held.
  void insert(Offset first, std::uint64_t count);
  [[nodiscard]] bool contains(Offset offset) const;
  /// Forgets everything below `floor`.
  void erase_below(Offset floor);
  [[nodiscard]] bool empty() const { return whole_.empty() && partial_.empty(); }
  /// Ascending, as few as possible (a range counts no further than 2^32 - 1).
  [[nodiscard]] std::vector<v1::OffsetRange> ranges() const;

 private:
  static constexpr unsigned chunk_bits = 12;
  static constexpr std::uint64_t chunk_offsets = 1u << chunk_bits;

  struct Bitmap {
    std::array<std::uint64_t, chunk_offsets / 64> words{};
    std::uint32_t count = 0;
    void add(std::uint64_t begin, std::uint64_t end);
    void erase_below(std::uint64_t begin);
    [[nodiscard]] bool contains(std::uint64_t bit) const {
      return ((words[bit / 64] >> (bit % 64)) & 1) != 0;
    }
  };
  void insert_part(std::uint64_t chunk, std::uint64_t begin, std::uint64_t end);
  void insert_whole(std::uint64_t begin, std::uint64_t end);
  [[nodiscard]] bool is_whole(std::uint64_t chunk) const;

  std::map<std::uint64_t, std::uint64_t> whole_;  // chunks: first -> end, neither touching nor overlapping
  std::map<std::uint64_t, Bitmap> partial_;       // by chunk; never empty, never full
};

}  // namespace reel::broker
