#include "tracker/committer.h"

#include <cassert>
#include <chrono>
#include <utility>

namespace reel::tracker {

void BackgroundCommitter::begin(StoreBatch batch) {
  assert(!under_way_.valid());
  under_way_ = std::async(std::launch::async, [this, batch = std::move(batch)]() mutable {
    store_.commit(batch, Store::Durability::synced);
  });
}

bool BackgroundCommitter::ended() {
  if (under_way_.wait_for(std::chrono::seconds{0}) != std::future_status::ready) return false;
  under_way_.get();
  return true;
}

void BackgroundCommitter::wait() {
  under_way_.get();
}

}  // namespace reel::tracker
