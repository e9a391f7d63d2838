#include "watch.h"

namespace reel::sdk {

std::uint64_t Watch::step_aside() {
  const auto step = ++steps_;
  // Either this is seen, or who stands by sees the step before it sleeps.
  if (asleep_) {
    const std::lock_guard lock{mutex_};
    asleep_ = false;
    changed_.notify_all();
  }
  return step;
}

bool Watch::come_back(std::uint64_t step) {
  return steps_.compare_exchange_strong(step, step + 1);
}

void Watch::end() {
  const std::lock_guard lock{mutex_};
  ended_ = true;
  changed_.notify_all();
}

void Watch::wait_for_end() {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return ended_; });
}

bool Watch::stand_by() {
  std::unique_lock lock{mutex_};
  auto seen = steps_.load();
  for (int looks = 0; !ended_;) {
    if (looks == looks_max) {
      asleep_ = true;
      if (steps_ == seen) changed_.wait(lock, [this] { return ended_ || !asleep_; });
      asleep_ = false;
      looks = 0;
    }
    if (changed_.wait_for(lock, patience, [this] { return ended_; })) break;
    const auto step = steps_.load();
    auto expected = seen;
    if (is_aside(seen) && steps_.compare_exchange_strong(expected, seen + 1)) return true;
    looks = step == seen ? looks + 1 : 0;
    seen = step;
  }
  return false;
}

}  // namespace reel::sdk
