#include "gateway/events/gathering.h"

#include <utility>

namespace reel::gateway {

void Gathering::offer(std::size_t bytes, Offer offer) {
  bool first = false;
  bool full = false;
  {
    const std::lock_guard lock{mutex_};
    first = waiting_.empty() && under_way_ == 0;
    waiting_.push_back(std::move(offer));
    waiting_bytes_ += bytes;
    full = waiting_.size() > limits_.requests || waiting_bytes_ > limits_.bytes;
  }
  if (full) return release(When::now);
  if (first) after_turn_([this] { release(When::nothing_is_under_way); });
}

void Gathering::answered() {
  {
    const std::lock_guard lock{mutex_};
    --under_way_;
  }
  release(When::nothing_is_under_way);
}

void Gathering::stop() {
  {
    const std::lock_guard lock{mutex_};
    limits_ = {.requests = 0, .bytes = 0};
  }
  release(When::now);
}

void Gathering::release(When when) {
  std::vector<Offer> next;
  {
    const std::lock_guard lock{mutex_};
    if (when == When::nothing_is_under_way && under_way_ > 0) return;
    next.swap(waiting_);
    waiting_bytes_ = 0;
    under_way_ += next.size();
  }
  for (const auto& offer : next) offer();
}

}  // namespace reel::gateway
