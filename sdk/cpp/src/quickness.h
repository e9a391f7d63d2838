// Whether handlers are quick: then the thread that receives an event had better run them itself than wake
// another one for it.
//
// An average of the last runs, in which none counts for more than a few times the limit: one that had to wait
// for a core does not make the others slow. Slow ones are tried again now and then.
#pragma once

#include <algorithm>
#include <chrono>

namespace reel::sdk {

class Quickness {
 public:
  /// A few times what waking a thread costs: beyond it there is little to be had.
  static constexpr std::chrono::nanoseconds limit = std::chrono::microseconds{100};
  static constexpr unsigned tried_every = 64;

  void took(std::chrono::nanoseconds run) { average_ += (std::min(run, 4 * limit) - average_) / 8; }
  /// To be asked once for each run that could be.
  [[nodiscard]] bool promises() { return average_ <= limit || ++refused_ % tried_every == 0; }

 private:
  std::chrono::nanoseconds average_{0};
  unsigned refused_ = 0;
};

}  // namespace reel::sdk
