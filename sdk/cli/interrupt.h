// Ctrl-C as a question instead of an end: while an Interrupt lives, SIGINT, SIGTERM and SIGHUP are noted.
// One that comes later than a moment after the first ends the process as if it had not been watched. One
// Interrupt at a time.
#pragma once

#include <chrono>

namespace reel::cli {

/// Signals this close together are one wish: a terminal, a shell and `timeout` may each pass the same Ctrl-C
/// on.
inline constexpr auto interrupt_moment = std::chrono::milliseconds{500};

class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  [[nodiscard]] bool requested() const;
  /// Waits until `time`, or until one is requested: then it returns true at once.
  [[nodiscard]] bool wait_until(std::chrono::steady_clock::time_point time) const;
};

}  // namespace reel::cli
