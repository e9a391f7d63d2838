// Foresight: which flows wait for something and have gone quiet, so that it is worth finding out whether what
// they wait for can still come.
//
//   foresight.notice(handle, last_at, now);      // the flow waits, and an event of it came just now
//   for (const auto& flow : foresight.due(now)) …   // where its last event is still that one: look closer
//
// What came while the tracker was away is not noticed as it is read: most of it has long gone on. Once it has
// caught up, it goes over all flows instead, no faster than they are looked at.
//
// Most flows go on within milliseconds; those cost a place in a queue and nothing more. Sans-IO.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <vector>

#include "tracker/flow_table.h"

namespace reel::tracker {

/// How long a flow must be quiet. Longer than handlers usually take, and short beside what people notice.
inline constexpr std::chrono::milliseconds foresight_quiet{100};
/// Flows noticed in that time; beyond it they are judged at their deadline only.
inline constexpr std::size_t foresight_max = 100'000;
/// Expectations of one flow that are looked at closer: those armed first. Others are judged at their
/// deadline.
inline constexpr std::size_t foreseen_claims_max = 100;
/// Flows looked at closer at a time, each as often as its interval says: it doubles with each look.
inline constexpr std::size_t foresight_looks_max = 1'000;
/// Going over all flows: places of the table looked at in one turn, and up to how many looks at a time. The
/// other half stays free for flows that go on meanwhile.
inline constexpr std::size_t foresight_sweep_slots = 20'000;
inline constexpr std::size_t foresight_sweep_max = foresight_looks_max / 2;
inline constexpr std::chrono::milliseconds foresight_interval{20};
inline constexpr std::chrono::milliseconds foresight_interval_longest{5'000};

class Foresight {
 public:
  using Time = std::chrono::steady_clock::time_point;

  struct Noticed {
    Time due;
    FlowTable::Handle handle;
    std::uint64_t last_at;  ///< log time of its last event then
  };

  void notice(FlowTable::Handle handle, std::uint64_t last_at, Time now) {
    if (noticed_.size() < foresight_max) noticed_.push_back({now + foresight_quiet, handle, last_at});
  }
  /// Those noticed foresight_quiet ago. Handles may have been given to other flows meanwhile.
  [[nodiscard]] std::vector<Noticed> due(Time now) {
    std::vector<Noticed> due;
    for (; !noticed_.empty() && noticed_.front().due <= now; noticed_.pop_front())
      due.push_back(noticed_.front());
    return due;
  }

 private:
  std::deque<Noticed> noticed_;
};

}  // namespace reel::tracker
