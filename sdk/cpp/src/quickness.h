// Whether handlers are quick: then the thread that receives events had better run them itself than hand them
// to others and wake those.
//
// An average of what an event took, in which a run of many counts for more than one of a few, and none for
// more than a few times what is quick. Slow ones are tried again now and then.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace reel::sdk {

class Quickness {
 public:
  /// A few times what waking a thread costs: beyond it there is little to be had.
  static constexpr std::chrono::nanoseconds waking{100'000};
  /// What handing over one more event costs, where memory is slow: a lock, and lines that another core
  /// fetches.
  static constexpr std::chrono::nanoseconds handing{500};
  static constexpr unsigned tried_every = 16;

  /// Handlers of so many events took so long.
  void took(std::chrono::nanoseconds run, std::size_t events) {
    const auto one = static_cast<double>(std::min(run, 4 * quick(events)).count()) / count(events);
    average_ns_ += (one - average_ns_) * std::max(0.125, count(events) / (count(events) + 64));
  }
  /// To be asked once for each run that could be.
  [[nodiscard]] bool promises(std::size_t events) {
    const auto expected = average_ns_ * count(events);
    return expected <= static_cast<double>(quick(events).count()) || ++refused_ % tried_every == 0;
  }

 private:
  static std::chrono::nanoseconds quick(std::size_t events) {
    return waking + handing * static_cast<std::int64_t>(events);
  }
  static double count(std::size_t events) { return static_cast<double>(std::max<std::size_t>(events, 1)); }

  double average_ns_ = 0;
  unsigned refused_ = 0;
};

}  // namespace reel::sdk
