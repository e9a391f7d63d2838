// Whether a frame goes at once, from the thread that has it, or waits for the connection's thread to wake.
//
// Waking takes as long as sending several frames, and what comes meanwhile goes in one. So the first few of a
// burst go one by one, soonest; who goes on at that pace is better served by the thread that gathers, and so
// is for a while who had it gather much.
#pragma once

#include <chrono>
#include <cstddef>

namespace reel::sdk {

class Burst {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Frames that follow closer belong to one burst: about as long as waking a thread takes.
  static constexpr std::chrono::microseconds gap{25};
  static constexpr int eager_frames_max = 3;
  /// So many bytes sent together came in quick succession, or were large enough to be worth the waking.
  static constexpr std::size_t gathered_bytes_min = 4u << 10;
  static constexpr std::chrono::milliseconds gathers_for{1};

  void sent(Time now, std::size_t bytes) {
    frames_ = now - last_sent_ < gap ? frames_ + 1 : 1;
    last_sent_ = now;
    if (bytes >= gathered_bytes_min) gathers_until_ = now + gathers_for;
  }
  [[nodiscard]] bool may_send(Time now) const {
    if (now < gathers_until_) return false;
    return frames_ < eager_frames_max || now - last_sent_ >= gap;
  }

 private:
  Time last_sent_{};
  Time gathers_until_{};
  int frames_ = 0;
};

}  // namespace reel::sdk
