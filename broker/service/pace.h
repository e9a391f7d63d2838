// At most so many events a second: a token bucket, kept as the time by which all that was spent is paid.
//
//   const auto most = pace.allows(now, rate_per_s);
//   pace.spend(handed, now, rate_per_s);
//   … else again at pace.again_at()
//
// The generic cell rate algorithm (ITU-T I.371, annex A): nothing but one time is remembered, and no clock is
// asked. What was not used is saved up for `burst_ns`, so that the pace holds over any longer span.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "journal/stored_batch.h"

namespace reel::broker {

class Pace {
 public:
  static constexpr LogTime burst_ns = 100'000'000;
  static constexpr std::size_t no_limit = ~std::size_t{0};

  /// How many may go now. `rate_per_s` 0: there is no limit.
  [[nodiscard]] std::size_t allows(LogTime now, std::size_t rate_per_s) const {
    if (rate_per_s == 0) return no_limit;
    const LogTime paid = std::max(paid_until_, now);
    if (now + burst_ns < paid) return 0;
    return static_cast<std::size_t>((now + burst_ns - paid) / price(rate_per_s)) + 1;
  }
  void spend(std::size_t events, LogTime now, std::size_t rate_per_s) {
    if (rate_per_s != 0) paid_until_ = std::max(paid_until_, now) + events * price(rate_per_s);
  }
  /// When the next one may go.
  [[nodiscard]] LogTime again_at() const { return paid_until_ < burst_ns ? 0 : paid_until_ - burst_ns; }

 private:
  static constexpr LogTime price(std::size_t rate_per_s) { return 1'000'000'000 / rate_per_s; }

  LogTime paid_until_ = 0;
};

}  // namespace reel::broker
