// The parked events of one key, ascending: appended at the end, taken from the front.
//
// A vector with a hole in front: 8 bytes for each event and as much again at most for what is reserved or
// taken already. A deque would cost half a kilobyte for each of many keys with one event, a plain vector a
// move of all the others for each event taken.
#pragma once

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <span>
#include <vector>

#include "journal/stored_batch.h"

namespace reel::broker {

class ParkedOffsets {
 public:
  ParkedOffsets() = default;
  ParkedOffsets(std::initializer_list<Offset> ascending) : offsets_{ascending} {}

  [[nodiscard]] std::span<const Offset> all() const { return std::span{offsets_}.subspan(taken_); }
  [[nodiscard]] std::size_t size() const { return offsets_.size() - taken_; }
  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] Offset front() const { return offsets_[taken_]; }
  [[nodiscard]] bool contains(Offset offset) const { return std::ranges::binary_search(all(), offset); }

  /// Mostly behind all others; an offset may stand in it more than once.
  void add(Offset offset) { offsets_.insert(std::upper_bound(begin(), offsets_.end(), offset), offset); }
  /// Mostly the first. False where it is none of them.
  bool remove(Offset offset) {
    const auto at = std::lower_bound(begin(), offsets_.end(), offset);
    if (at == offsets_.end() || *at != offset) return false;
    if (at != begin()) {
      offsets_.erase(at);
    } else if (++taken_ > offsets_.size() / 2) {
      offsets_.erase(offsets_.begin(), begin());
      taken_ = 0;
    }
    return true;
  }

 private:
  [[nodiscard]] std::vector<Offset>::iterator begin() {
    return offsets_.begin() + static_cast<std::ptrdiff_t>(taken_);
  }

  std::vector<Offset> offsets_;
  std::size_t taken_ = 0;  // the first so many are gone
};

}  // namespace reel::broker
