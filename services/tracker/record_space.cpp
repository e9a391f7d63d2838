#include "tracker/record_space.h"

#include <sys/mman.h>

#include <cstdlib>
#include <new>

namespace reel::tracker {
namespace {

// Bits behind which there are `count` set ones, themselves included.
std::uint64_t runs_of(std::uint64_t bits, std::size_t count) {
  std::size_t have = 1;
  while (have < count) {
    const std::size_t more = std::min(have, count - have);
    bits &= bits >> more;
    have += more;
  }
  return bits;
}

std::uint64_t mask_of(std::size_t first, std::size_t count) {
  const std::uint64_t ones = count == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
  return ones << first;
}

}  // namespace

void RecordSpace::FreeSlab::operator()(char* slab) const {
  std::free(slab);
}

RecordSpace::Place RecordSpace::put(Place old, std::size_t old_size, std::string_view record) {
  const std::size_t granules = granules_of(record.size());
  Place place = old;
  if (old == none || granules_of(old_size) != granules) {
    if (old != none) release(old, old_size);
    place = granules > page_granules ? take_large(record.size()) : take(granules);
  }
  std::memcpy(at(place), record.data(), record.size());
  return place;
}

void RecordSpace::release(Place place, std::size_t size) {
  if (place & large) {
    larges_[place & ~large].reset();
    free_larges_.push_back(place);
    return;
  }
  const std::size_t page = place / page_granules;
  free_[page] |= mask_of(place % page_granules, granules_of(size));
  if (is_loose_[page] || std::popcount(free_[page]) < free_granules_worth) return;
  is_loose_[page] = true;
  loose_.push_back(static_cast<std::uint32_t>(page));
}

RecordSpace::Place RecordSpace::take(std::size_t granules) {
  for (std::size_t tried = 0; tried < pages_tried_max && !loose_.empty(); ++tried) {
    const std::size_t page = loose_.back();
    if (const Place place = take_from(page, granules); place != none) return place;
    is_loose_[page] = false;
    loose_.pop_back();
  }
  if (fresh_ == free_.size()) add_slab();
  const std::size_t page = fresh_++;
  is_loose_[page] = true;
  loose_.push_back(static_cast<std::uint32_t>(page));
  return take_from(page, granules);
}

RecordSpace::Place RecordSpace::take_from(std::size_t page, std::size_t granules) {
  const std::uint64_t runs = runs_of(free_[page], granules);
  if (runs == 0) return none;
  const auto first = static_cast<std::size_t>(std::countr_zero(runs));
  free_[page] &= ~mask_of(first, granules);
  return static_cast<Place>(page * page_granules + first);
}

RecordSpace::Place RecordSpace::take_large(std::size_t size) {
  if (free_larges_.empty()) {
    free_larges_.push_back(large | static_cast<Place>(larges_.size()));
    larges_.emplace_back();
  }
  const Place place = free_larges_.back();
  free_larges_.pop_back();
  larges_[place & ~large] = std::make_unique_for_overwrite<char[]>(granules_of(size) * granule);
  return place;
}

// In the system's large pages, where it has them: records are looked at in no order, and each would miss the
// processor's table of small ones.
void RecordSpace::add_slab() {
  constexpr std::size_t bytes = slab_pages * page_bytes;
  auto* slab = static_cast<char*>(std::aligned_alloc(bytes, bytes));
  if (!slab) throw std::bad_alloc{};
  slabs_.emplace_back(slab);
  (void)::madvise(slab, bytes, MADV_HUGEPAGE);
  free_.resize(free_.size() + slab_pages, ~std::uint64_t{0});
  is_loose_.resize(free_.size());
}

}  // namespace reel::tracker
