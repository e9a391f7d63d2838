// Who keeps a connection: one thread of its crew at a time.
//
// The keeper may step aside, to run a handler itself instead of waking a worker for it. That is short as a
// rule, and nobody hears of it. Where it is not, whoever stands by notices within two `patience`s and becomes
// the keeper; the other one stands by when it comes back. So a connection is never alone for longer, whatever
// a handler does.
//
// Standing by means to look once in a `patience` as long as the keeper steps aside now and then, and to sleep
// otherwise.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace reel::sdk {

class Watch {
 public:
  static constexpr std::chrono::milliseconds patience{1};

  /// The keeper. What it returns is for come_back().
  [[nodiscard]] std::uint64_t step_aside();
  /// False: another thread has become the keeper.
  [[nodiscard]] bool come_back(std::uint64_t step);
  /// There will be no keeper any more.
  void end();

  /// The others. Waits until the calling thread is the keeper; false: there will be none any more.
  [[nodiscard]] bool stand_by();

  void wait_for_end();
  /// Whether somebody stands by who would have to be woken.
  [[nodiscard]] bool asleep() const { return asleep_; }

 private:
  // So often it is looked in vain before who stands by sleeps: few, or events that come now and then cost
  // more looks than anything else.
  static constexpr int looks_max = 3;
  static bool is_aside(std::uint64_t step) { return step % 2 == 1; }

  std::atomic<std::uint64_t> steps_{0};  // aside and back; odd: aside
  std::atomic<bool> asleep_{false};

  std::mutex mutex_;
  std::condition_variable changed_;
  bool ended_ = false;
};

}  // namespace reel::sdk
