// The newest committed batches, in memory: what a service that is caught up is served from. One for all
// services, bounded by the memory it takes; what has fallen off its end is read from the journal.
#pragma once

#include <deque>

#include "journal/stored_batch.h"

namespace reel::broker {

class Tail {
 public:
  explicit Tail(std::size_t bytes_max) : bytes_max_{bytes_max} {}

  /// `batch` follows the newest one. At least that one is kept, however large.
  void push(StoredBatchPtr batch);

  /// The batch that holds `offset`, or null.
  [[nodiscard]] StoredBatchPtr find(Offset offset) const;
  /// The batch behind the one that ends at `offset`; the same as find for every held offset.
  [[nodiscard]] Offset begin_offset() const { return batches_.empty() ? 0 : batches_.front()->first_offset; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// What is beyond it goes with the next push().
  void set_bytes_max(std::size_t bytes_max) { bytes_max_ = bytes_max; }

 private:
  std::deque<StoredBatchPtr> batches_;
  std::size_t bytes_ = 0;
  std::size_t bytes_max_;
};

/// The batch of `batches` (ascending, without gaps or with) that holds `offset`, or null.
template <typename Batches>
[[nodiscard]] StoredBatchPtr find_batch(const Batches& batches, Offset offset) {
  std::size_t low = 0;
  std::size_t high = batches.size();
  while (low < high) {
    const auto middle = (low + high) / 2;
    const auto& batch = batches[middle];
    if (offset < batch->first_offset) {
      high = middle;
    } else if (offset >= batch->end_offset()) {
      low = middle + 1;
    } else {
      return batch;
    }
  }
  return nullptr;
}

}  // namespace reel::broker
