// So many a second and no more: when the next portion may go.
//
//   Pace pace{50};                                  // 0: as fast as it goes
//   interrupt.wait_until(pace.next());
//   send(pace.portion(256));
//   pace.sent(5, Clock::now());
//
// Time that was not used is not made up for: after a stall the rate is still the rate. Pure.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string_view>

namespace reel::cli {

class Pace {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Pace(double per_second) : per_second_{per_second} {}

  /// How many go together: as many as keep it smooth, at most `portion_max`.
  [[nodiscard]] std::size_t portion(std::size_t portion_max) const;
  /// When the next portion may go.
  [[nodiscard]] Clock::time_point next() const { return next_; }
  void sent(std::size_t count, Clock::time_point now);

 private:
  double per_second_;
  Clock::time_point next_{};
};

/// "50/s", "50", "600/m" in events a second. Nothing where it is none.
[[nodiscard]] std::optional<double> parse_rate(std::string_view text);

}  // namespace reel::cli
