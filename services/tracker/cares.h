// Cares: what people said of incidents and flows, on its way through the journal. Each is an event of the
// tracker; who said it is answered when the event comes back in the log and has taken effect.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <utility>

#include "reel/v1/query.pb.h"

namespace reel::tracker {

/// Who may be waiting for that at a time; further ones are refused. It takes a few milliseconds each.
inline constexpr std::size_t cares_max = 1'000;
/// How long they wait; a little less than `reel` waits for an answer.
inline constexpr std::chrono::milliseconds care_wait{2'500};
/// Longest reason and longest author: what is said stands in the journal for as long as anything does.
inline constexpr std::size_t reason_bytes_max = 1'000;
inline constexpr std::size_t author_bytes_max = 256;
/// Topics that one waiver may name.
inline constexpr int waived_topics_max = 100;
/// Longest snooze, 30 days: what is to be quiet for longer should not be expected at all.
inline constexpr std::uint64_t snooze_longest_ns = 30ull * 24 * 3'600 * 1'000'000'000;

class Cares {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Send = std::function<void(v1::Reply)>;

  [[nodiscard]] bool full() const { return waiting_.size() >= cares_max; }
  [[nodiscard]] std::size_t size() const { return waiting_.size(); }
  /// The event with this id says it; `request` is the number of the question.
  void add(const std::string& event_id, std::uint64_t request, Time until, Send send) {
    waiting_[event_id] = {request, until, std::move(send)};
  }
  /// The event was met in the log, and so much was waived by it.
  void met(const std::string& event_id, std::uint64_t count);
  /// Those that have waited too long are told so.
  void turn(Time now);

 private:
  struct Waiting {
    std::uint64_t request = 0;
    Time until;
    Send send;
  };
  std::map<std::string, Waiting> waiting_;  // by the event's id
};

/// What is wrong with what somebody wants to say, in one sentence; empty where nothing is. `now` is log time.
[[nodiscard]] std::string wrong_with(const v1::CareRequest& care, std::uint64_t now);

}  // namespace reel::tracker
