#include "gateway/events/gathering.h"

#include <utility>

namespace reel::gateway {

void Gathering::offer(Offer offer) {
  bool first = false;
  {
    const std::lock_guard lock{mutex_};
    if (waiting_.size() >= waiting_max_) {
      ++under_way_;
    } else {
      first = waiting_.empty() && under_way_ == 0;
      waiting_.push_back(std::exchange(offer, nullptr));
    }
  }
  if (offer) return offer();
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
    waiting_max_ = 0;
  }
  release(When::now);
}

void Gathering::release(When when) {
  std::vector<Offer> next;
  {
    const std::lock_guard lock{mutex_};
    if (when == When::nothing_is_under_way && under_way_ > 0) return;
    next.swap(waiting_);
    under_way_ += next.size();
  }
  for (const auto& offer : next) offer();
}

}  // namespace reel::gateway
