// How far the log was at past times: so that whether an event has waited for so long is a comparison, and
// nothing needs to be read. 16 bytes for each second of the longest time that is asked about. Pure.
//
//   marks.note(now, log.committed_end(), longest);
//   if (offset < marks.end_at(now - minute)) …       // it is older than a minute
#pragma once

#include <algorithm>
#include <deque>
#include <iterator>

#include "journal/stored_batch.h"

namespace reel::broker {

class LogMarks {
 public:
  /// Notes that come sooner are left out.
  static constexpr LogTime spacing_ns = 1'000'000'000;

  /// Nobody will ask for a time that is more than `longest` before the newest.
  void note(LogTime now, Offset end, LogTime longest) {
    if (!marks_.empty() && now < marks_.back().at + spacing_ns) return;
    marks_.push_back({now, end});
    // One that is older must stay: it is the answer for all times up to the next one.
    while (marks_.size() > 2 && marks_[1].at + longest <= now) marks_.pop_front();
  }
  /// Where the log ended then, or a little earlier; 0 where that is longer ago than anybody noted.
  [[nodiscard]] Offset end_at(LogTime time) const {
    const auto later = std::upper_bound(marks_.begin(), marks_.end(), time,
                                        [](LogTime at, const Mark& mark) { return at < mark.at; });
    return later == marks_.begin() ? 0 : std::prev(later)->end;
  }

 private:
  struct Mark {
    LogTime at = 0;
    Offset end = 0;
  };
  std::deque<Mark> marks_;
};

}  // namespace reel::broker
