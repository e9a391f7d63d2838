// What one target is told of the tracker, and when: the beat while it is well, once that it has gone silent,
// once that it is heard again. A sans-IO state machine.
//
//   Watchdog watchdog{{.patience = 1min, .beat = 1min, .repeat = 0ms}, now};
//   watchdog.saw(now, true);                       // the tracker answered, and has judged up to a moment ago
//   while (const auto word = watchdog.due(now)) watchdog.said(*word, send(*word), now);
//   wait_until(watchdog.next());
//
// The tracker is silent when no look at it has been good for `patience`, counted from the last good one or
// from the start: a tracker that restarts is not silent, and one that was never there is. What could not be
// said is said later, unless it has become untrue meanwhile: a silence that nobody heard of needs no
// all-clear. What a run before this one said is not known: it may have been that the tracker is silent, so
// that a target which does not forget is given the all-clear once, when the tracker is heard for the first
// time.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace reel::alerts {

using Time = std::chrono::steady_clock::time_point;
using std::chrono::milliseconds;

enum class Word : std::uint8_t {
  beat,         ///< all is well
  silent,       ///< the tracker is not
  heard_again,  ///< it is again
};

struct WatchdogTimes {
  /// Without a good look for so long, the tracker is silent.
  milliseconds patience{60'000};
  /// Between beats; 0: this target gets none.
  milliseconds beat{60'000};
  /// After which a target that forgets is told again of the silence; 0: once is enough.
  milliseconds repeat{0};
};

/// How often the tracker is looked at: several times within the patience, so that one lost answer is none.
[[nodiscard]] milliseconds look_interval(milliseconds patience);
/// After which what could not be said is tried again.
inline constexpr milliseconds watchdog_retry{15'000};

class Watchdog {
 public:
  Watchdog(WatchdogTimes times, Time now);

  /// What a look at the tracker showed.
  void saw(Time now, bool well);
  /// What is to be said now; what was said goes to said().
  [[nodiscard]] std::optional<Word> due(Time now) const;
  void said(Word word, bool delivered, Time now);

  /// Whether the tracker is to be looked at now.
  [[nodiscard]] bool look_due(Time now) const { return now >= next_look_; }
  /// Until then there is nothing to do.
  [[nodiscard]] Time next(Time now) const;

  [[nodiscard]] bool silent() const { return silent_; }
  /// How long no look has been good.
  [[nodiscard]] milliseconds unheard(Time now) const;

 private:
  [[nodiscard]] std::optional<Word> wanted() const;

  WatchdogTimes times_;
  Time last_well_;
  Time next_look_;
  bool well_ = false;  // the last look was good
  bool silent_ = false;
  enum class Belief : std::uint8_t { unknown, well, silent } belief_;  // what the target was told last
  Time next_beat_;
  Time next_word_;  // of the silence: not before
};

}  // namespace reel::alerts
