// How long a failed event waits before its next attempt, and whether there is one: by the policy, where that
// says so by the kind of error. Each wait is varied a little so that what failed together does not return
// together. The variation is drawn from a seed: tests know it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "config/model.h"
#include "event/pattern_rule.h"
#include "journal/stored_batch.h"

namespace reel::broker {

class Backoff {
 public:
  Backoff(const config::Retry& policy, std::uint64_t seed);

  void set_policy(const config::Retry& policy);

  /// How many attempts there are for an event whose last one failed like that, and how long after its first
  /// failure the next may begin at the latest.
  [[nodiscard]] std::uint32_t attempts(std::string_view error_type) const;
  [[nodiscard]] LogTime max_age(std::string_view error_type) const;
  /// Nanoseconds to wait after `attempt` (from 1) failed like that. Draws from the seed.
  [[nodiscard]] LogTime after(std::uint32_t attempt, std::string_view error_type);

 private:
  [[nodiscard]] const config::ErrorRetry& of(std::string_view error_type) const;

  double jitter_ = 0;
  config::ErrorRetry otherwise_;
  std::vector<config::ErrorRetry> by_error_;
  std::vector<pattern::Wildcard> error_types_;  // theirs
  std::uint64_t state_;
};

/// A configured or received time as log time's nanoseconds; negative ones are 0.
[[nodiscard]] LogTime nanoseconds_of(config::milliseconds time);

}  // namespace reel::broker
