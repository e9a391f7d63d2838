#include "alerts/watchdog.h"

#include <algorithm>

namespace reel::alerts {

milliseconds look_interval(milliseconds patience) {
  constexpr milliseconds longest{15'000};
  return std::min(patience / 4, longest);
}

Watchdog::Watchdog(WatchdogTimes times, Time now)
    : times_{times},
      last_well_{now},
      next_look_{now},
      belief_{times.repeat.count() > 0 ? Belief::well : Belief::unknown},
      next_beat_{now},
      next_word_{now} {}

void Watchdog::saw(Time now, bool well) {
  next_look_ = now + look_interval(times_.patience);
  well_ = well;
  if (well) last_well_ = now;
  const bool silent = now - last_well_ >= times_.patience;
  // A change is told at once, whatever was tried in vain before.
  if (silent != silent_) next_word_ = now;
  silent_ = silent;
}

// What the target should hear of the silence, sooner or later.
std::optional<Word> Watchdog::wanted() const {
  if (silent_ && (belief_ != Belief::silent || times_.repeat.count() > 0)) return Word::silent;
  if (!silent_ && (belief_ == Belief::silent || (belief_ == Belief::unknown && well_)))
    return Word::heard_again;
  return std::nullopt;
}

std::optional<Word> Watchdog::due(Time now) const {
  if (const auto word = wanted(); word && now >= next_word_) return word;
  if (well_ && times_.beat.count() > 0 && now >= next_beat_) return Word::beat;
  return std::nullopt;
}

void Watchdog::said(Word word, bool delivered, Time now) {
  if (word == Word::beat) {
    next_beat_ = now + (delivered ? times_.beat : std::min(times_.beat, watchdog_retry));
    return;
  }
  if (delivered) belief_ = word == Word::silent ? Belief::silent : Belief::well;
  next_word_ = now + (delivered ? times_.repeat : watchdog_retry);
}

Time Watchdog::next(Time now) const {
  Time next = next_look_;
  if (wanted()) next = std::min(next, next_word_);
  if (well_ && times_.beat.count() > 0) next = std::min(next, next_beat_);
  return std::max(next, now);
}

milliseconds Watchdog::unheard(Time now) const {
  return std::chrono::duration_cast<milliseconds>(now - last_well_);
}

}  // namespace reel::alerts
