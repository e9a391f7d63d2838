// How long a thread has been at something, without the time for which others had its core. A thread that
// slept meanwhile, for a lock or for somebody's answer, was at it all the time.
#pragma once

#include <sys/resource.h>
#include <time.h>

#include <chrono>

namespace reel::sdk {

/// Begins when it is made; for the thread that made it.
class BusyTime {
 public:
  [[nodiscard]] std::chrono::nanoseconds passed() const {
    const bool slept = sleeps_so_far() != sleeps_;
    return slept ? std::chrono::steady_clock::now() - began_ : core_time_so_far() - core_time_;
  }

 private:
  static long sleeps_so_far() {
    rusage usage{};
    ::getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nvcsw;
  }
  // The clock of the thread, not the times in its usage: those are counted in ticks.
  static std::chrono::nanoseconds core_time_so_far() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
  }

  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  long sleeps_ = sleeps_so_far();
  std::chrono::nanoseconds core_time_ = core_time_so_far();
};

}  // namespace reel::sdk
