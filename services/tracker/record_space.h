// Memory for flow records, which grow by a few dozen bytes with every event of their flow.
//
//   RecordSpace space;
//   RecordSpace::Place place = space.put(none, 0, record);          // and with every event:
//   place = space.put(place, old.size(), record);                   // in its place, where it still fits
//
// Records lie in granules of 32 bytes, 64 of them a page with one word of free bits, so that what a record
// leaves joins what its neighbours left: a million flows that all grow need no more room than they fill.
// malloc has a header for each record, takes ten times as long, and leaves holes. A place is a number.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "tracker/prefetch.h"

namespace reel::tracker {

class RecordSpace {
 public:
  using Place = std::uint32_t;
  static constexpr Place none = 0xffff'ffff;

  /// Where `record` lies from now on, in place of what lay at `old` with `old_size` bytes.
  Place put(Place old, std::size_t old_size, std::string_view record);
  void release(Place place, std::size_t size);
  [[nodiscard]] const char* at(Place place) const;
  /// Fetches what lies there into the cache.
  void fetch(Place place, std::size_t size) const {
    if (place & large) return;
    for (std::size_t line = 0; line < size; line += cache_line) prefetch(at(place) + line);
  }

 private:
  static constexpr std::size_t granule = 32;
  static constexpr std::size_t page_granules = 64;
  static constexpr std::size_t page_bytes = granule * page_granules;
  static constexpr std::size_t slab_pages = 1'024;  // 2 MiB: the system's large page
  static constexpr std::size_t cache_line = 64;
  /// A page is looked at again when so much of it is free, and given up when it has not what is asked for.
  static constexpr int free_granules_worth = 24;
  static constexpr std::size_t pages_tried_max = 4;
  static constexpr Place large = 0x8000'0000;  // a record of its own, longer than a page

  static std::size_t granules_of(std::size_t size) { return (size + granule - 1) / granule; }
  [[nodiscard]] char* at(Place place) {
    return const_cast<char*>(static_cast<const RecordSpace*>(this)->at(place));
  }
  Place take(std::size_t granules);
  Place take_from(std::size_t page, std::size_t granules);
  Place take_large(std::size_t size);
  void add_slab();

  struct FreeSlab {
    void operator()(char* slab) const;
  };
  std::vector<std::unique_ptr<char, FreeSlab>> slabs_;
  std::vector<std::uint64_t> free_;   // by page, a bit for each free granule
  std::vector<bool> is_loose_;        // by page: stands in loose_
  std::vector<std::uint32_t> loose_;  // pages with room, the last one first
  std::size_t fresh_ = 0;             // pages from here on were never used
  std::vector<std::unique_ptr<char[]>> larges_;
  std::vector<Place> free_larges_;
};

inline const char* RecordSpace::at(Place place) const {
  if (place & large) return larges_[place & ~large].get();
  const std::size_t page = place / page_granules;
  return slabs_[page / slab_pages].get() + (place % (slab_pages * page_granules)) * granule;
}

}  // namespace reel::tracker
