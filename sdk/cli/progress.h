// A progress bar on a terminal: how far, how many, how fast. Elsewhere it is silent.
//
//   Progress progress{terminal, size_of_the_file};      // 0: not known, only counts are shown
//   progress.show(bytes_read, events);                  // as often as one likes
//   progress.clear();                                   // before anything else is printed
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "cli/output.h"

namespace reel::cli {

/// "[#####     ]  50%  1,024 events  512/s". Pure.
[[nodiscard]] std::string progress_text(std::uint64_t done, std::uint64_t whole, std::uint64_t events,
                                        std::chrono::nanoseconds elapsed, std::string_view what = "event");

/// "1,234,567"
[[nodiscard]] std::string count_text(std::uint64_t count);

class Progress {
 public:
  /// `what` is counted, one of which is called so.
  Progress(Output& out, std::uint64_t whole, std::string_view what = "event")
      : out_{out}, whole_{whole}, what_{what} {}

  void show(std::uint64_t done, std::uint64_t events);
  void clear();
  [[nodiscard]] std::chrono::nanoseconds elapsed() const { return Clock::now() - began_; }

 private:
  using Clock = std::chrono::steady_clock;
  /// Often enough to look alive, seldom enough to cost nothing.
  static constexpr auto interval = std::chrono::milliseconds{100};

  Output& out_;
  std::uint64_t whole_;
  std::string_view what_;
  bool shown_ = false;
  Clock::time_point began_ = Clock::now();
  Clock::time_point next_ = began_ + interval;
};

}  // namespace reel::cli
