#include "journal/tail.h"

#include <cassert>

namespace reel::broker {

void Tail::push(StoredBatchPtr batch) {
  assert((batches_.empty() || batches_.back()->end_offset() == batch->first_offset) &&
         "the tail has no gaps");
  bytes_ += batch->memory_bytes();
  batches_.push_back(std::move(batch));
  while (bytes_ > bytes_max_ && batches_.size() > 1) {
    bytes_ -= batches_.front()->memory_bytes();
    batches_.pop_front();
  }
}

StoredBatchPtr Tail::find(Offset offset) const {
  return find_batch(batches_, offset);
}

}  // namespace reel::broker
