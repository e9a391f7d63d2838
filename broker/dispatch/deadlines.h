// Until when each hand-over must be answered: a queue, since each new deadline is no earlier than the last.
//
// Consecutive positions with one deadline share a record, so a batch of a thousand costs one. An answered
// hand-over is not looked up: its record is dropped when it comes to the front, or when such leftovers are
// the larger part. A record is live where its entry is in flight with its very deadline.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

#include "dispatch/window.h"

namespace reel::broker {

class Deadlines {
 public:
  /// Fewer records than this are not worth a purge.
  static constexpr std::size_t records_min = 256;

  void clear() { records_.clear(); }

  /// `deadline` is no earlier than any before.
  void add(LogTime deadline, Position position) {
    if (!records_.empty() && records_.back().deadline == deadline &&
        records_.back().first + records_.back().count == position) {
      ++records_.back().count;
    } else {
      records_.push_back({deadline, position, 1});
    }
  }

  /// Takes the next live position whose deadline is `now` or earlier.
  [[nodiscard]] std::optional<Position> take_due(const Window& window, LogTime now);
  /// Drops what is answered: at the front, and everywhere once there is much more than `in_flight`.
  void tidy(const Window& window, std::size_t in_flight);
  /// After tidy(): the earliest deadline of all.
  [[nodiscard]] std::optional<LogTime> next() const;

  /// Follows Window::compact(): `moved` by distance from `head`.
  void move(Position head, const std::vector<Position>& moved, Position end);

 private:
  struct Record {
    LogTime deadline = 0;
    Position first = 0;
    std::uint64_t count = 0;
  };
  static void skip_answered(Record& record, const Window& window);

  std::deque<Record> records_;
};

}  // namespace reel::broker
