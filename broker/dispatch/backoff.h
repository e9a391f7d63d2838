// How long a failed event waits before its next attempt: the policy's list, each wait varied a little so that
// what failed together does not return together. The variation is drawn from a seed: tests know it.
#pragma once

#include <cstdint>

#include "config/model.h"
#include "journal/stored_batch.h"

namespace reel::broker {

class Backoff {
 public:
  Backoff(const config::Retry& policy, std::uint64_t seed) : policy_{policy}, state_{seed} {}

  void set_policy(const config::Retry& policy) { policy_ = policy; }

  /// Whether there is no attempt behind this one (from 1).
  [[nodiscard]] bool last(std::uint32_t attempt) const {
    return policy_.attempts <= 0 || attempt >= static_cast<std::uint32_t>(policy_.attempts);
  }
  /// Nanoseconds to wait after `attempt` (from 1) failed. Draws from the seed.
  [[nodiscard]] LogTime after(std::uint32_t attempt);

 private:
  config::Retry policy_;
  std::uint64_t state_;
};

/// A configured or received time as log time's nanoseconds; negative ones are 0.
[[nodiscard]] LogTime nanoseconds_of(config::milliseconds time);

}  // namespace reel::broker
