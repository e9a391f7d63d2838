// How fast what waits for a service becomes less, and so when nothing will.
//
// Told once a second how much waits, it compares the older half of the last half minute with the newer one: a
// single second says little, where handlers answer in batches. What grows, stands still or has hardly begun
// has no end that anybody could name. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <numeric>
#include <optional>

#include "journal/stored_batch.h"

namespace reel::broker {

class Drain {
 public:
  static constexpr std::size_t samples_max = 30;
  static constexpr std::size_t samples_min = 6;

  /// Nothing waits: what comes next is another backlog.
  void note(LogTime now, std::uint64_t waiting) {
    if (waiting == 0) return samples_.clear();
    samples_.push_back({now, waiting});
    if (samples_.size() > samples_max) samples_.pop_front();
  }

  /// How long it will take until nothing waits, if it goes on like this; nothing where nobody can say.
  [[nodiscard]] std::optional<LogTime> left(std::uint64_t waiting) const {
    if (samples_.size() < samples_min || waiting == 0) return std::nullopt;
    const auto half = samples_.size() / 2;
    const auto newer = samples_.size() - half;
    const double less = mean(0, half) - mean(newer, samples_.size());
    const double took = static_cast<double>(samples_[newer].at - samples_.front().at);
    if (less <= 0 || took <= 0) return std::nullopt;
    const double ns = static_cast<double>(waiting) * took / less;
    return ns < ns_max ? std::optional{static_cast<LogTime>(ns)} : std::nullopt;
  }

 private:
  /// A year: who says so says that it does not become less.
  static constexpr double ns_max = 365.0 * 24 * 3600 * 1e9;

  struct Sample {
    LogTime at = 0;
    std::uint64_t waiting = 0;
  };
  [[nodiscard]] double mean(std::size_t from, std::size_t to) const {
    const auto begin = samples_.begin();
    const auto sum = std::accumulate(
        begin + static_cast<std::ptrdiff_t>(from), begin + static_cast<std::ptrdiff_t>(to), 0.0,
        [](double before, const Sample& one) { return before + static_cast<double>(one.waiting); });
    return sum / static_cast<double>(to - from);
  }

  std::deque<Sample> samples_;
};

}  // namespace reel::broker
