// How often something took how long: a histogram for monitoring, from a millisecond to a week.
//
//   TimeCounts handling;
//   handling.add(now - handed_at);
//   handling.write(*row.mutable_handling());
//
// Classes are few, since each is a row of a scrape; they are the same everywhere, so that rows can be added
// up.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace reel {

class TimeCounts {
 public:
  /// The classes' upper bounds, themselves included, in nanoseconds; one more class is above them all.
  /// Handlers take milliseconds, the steps of a business anything up to days.
  static constexpr std::array<std::uint64_t, 15> bounds{
      1'000'000,         5'000'000,         25'000'000,         100'000'000,        500'000'000,
      1'000'000'000,     5'000'000'000,     30'000'000'000,     60'000'000'000,     300'000'000'000,
      1'800'000'000'000, 3'600'000'000'000, 21'600'000'000'000, 86'400'000'000'000, 604'800'000'000'000};

  void add(std::uint64_t ns, std::uint64_t times = 1) {
    const auto bound = std::lower_bound(bounds.begin(), bounds.end(), ns);
    counts_[static_cast<std::size_t>(bound - bounds.begin())] += times;
    sum_ += ns * times;
  }

  void add(const TimeCounts& others) {
    for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += others.counts_[i];
    sum_ += others.sum_;
  }

  /// To a reel.v1.TimesReply.Times; a template, so that who counts need not know the message.
  template <class Times>
  void write(Times& to) const {
    to.mutable_counts()->Assign(counts_.begin(), counts_.end());
    to.set_sum(sum_);
  }

 private:
  std::array<std::uint64_t, bounds.size() + 1> counts_{};
  std::uint64_t sum_ = 0;
};

}  // namespace reel
