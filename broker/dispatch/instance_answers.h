// What one instance answers in one frame. Anything may come in: what the instance does not hold under that
// delivery number is stale and changes nothing, and the work is bounded by the window, whatever the ranges
// say.
#pragma once

#include <algorithm>
#include <span>

#include "dispatch/attempts.h"
#include "dispatch/deliveries.h"

namespace reel::broker {

class InstanceAnswers {
 public:
  InstanceAnswers(Slot slot, Deliveries& deliveries) : slot_{slot}, deliveries_{deliveries} {}

  /// `handling` gets how long each was with the instance.
  void ack(std::span<const AckRange> acks, LogTime now, TimeCounts& handling, Settlement& settlement);
  /// In offset order, since a failure takes back what lies behind it.
  void nack(std::span<const Nack> nacks, Attempts& attempts, LogTime now, Settlement& settlement);
  /// Calls visitor(position) for what the instance holds of these. Of ranges that overlap the rest is passed
  /// over.
  template <typename Visitor>
  void each(std::span<const AckRange> ranges, const Visitor& visitor) const;

  /// Of somebody who is no instance.
  static void all_stale(std::span<const AckRange> acks, std::span<const Nack> nacks, Settlement& settlement);

 private:
  struct Acking {
    LogTime now;
    TimeCounts& handling;
    std::size_t visits_left;
    Position hint;  ///< where the search for the next range may begin
  };
  void ack(const AckRange& range, Acking& acking, Settlement& settlement);
  [[nodiscard]] static Offset end_of(const AckRange& range) {
    return range.first + std::min<Offset>(range.count, ~range.first);
  }

  Slot slot_;
  Deliveries& deliveries_;
};

template <typename Visitor>
void InstanceAnswers::each(std::span<const AckRange> ranges, const Visitor& visitor) const {
  const Window& window = deliveries_.window();
  std::size_t visits_left = window.size();
  for (const AckRange& range : ranges) {
    Position position = window.lower_bound(range.first, window.head());
    for (; position != window.end() && visits_left > 0; ++position, --visits_left) {
      if (window.at(position).offset >= end_of(range)) break;
      if (deliveries_.is_held_by(position, slot_, range.delivery)) visitor(position);
    }
  }
}

}  // namespace reel::broker
