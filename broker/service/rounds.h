// How soon after one another the services get their turns.
//
//   if (!rounds.due(now)) …                     // only those that may not wait; again at rounds.next()
//   … a turn for each service that something happened to …
//   rounds.took(served, began, now);            // so many of them were sent something
//
// A round for a thousand services takes milliseconds, nearly all of it for frames, and ZeroMQ's thread twice
// as long for the same frames. If the next one followed at once, each service would get the one event that
// came for it meanwhile, in a frame of its own, and answer with another; ZeroMQ's thread would be so busy
// with these that it read too little from publishers for it ever to be more. So a round for a crowd is
// followed by a pause: what comes then goes out in fewer frames.
#pragma once

#include <algorithm>
#include <cstddef>

#include "journal/stored_batch.h"

namespace reel::broker {

class Rounds {
 public:
  /// With fewer services in it a round is short, however little each of them gets.
  static constexpr std::size_t crowd = 128;
  /// How many times as long as the round the pause is. Once is too short.
  static constexpr LogTime pause_times = 3;
  /// What an event may have to wait at the most, besides the rounds themselves.
  static constexpr LogTime pause_ns_max = 20'000'000;

  [[nodiscard]] bool due(LogTime now) const { return now >= next_; }
  [[nodiscard]] LogTime next() const { return next_; }
  void took(std::size_t served, LogTime began, LogTime ended) {
    next_ = served < crowd ? 0 : ended + std::min(pause_times * (ended - began), pause_ns_max);
  }

 private:
  LogTime next_ = 0;
};

}  // namespace reel::broker
