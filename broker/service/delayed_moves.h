// Keeps events that are due in a year from holding a journal of a week: before retention deletes a segment,
// what waits in it is written again at the journal's end. The record names its old place, so that the event
// is kept in one place whatever happens. Until then the old segment stays.
#pragma once

#include "delay/delays.h"
#include "journal/event_reads.h"
#include "service/publishing.h"

namespace reel::broker {

class DelayedMoves {
 public:
  DelayedMoves(Delays& delays, EventReads& reads, Publishing& publishing)
      : delays_{delays}, reads_{reads}, publishing_{publishing} {}

  /// Begins to move what waits below `limit`, unless it is at that already. Moves a bounded number of bytes:
  /// the next call goes on with what is left.
  void move_below(Offset limit);

  [[nodiscard]] std::uint64_t moved() const { return moved_; }

 private:
  void next();
  void found(const EventAt& event);
  void append();

  Delays& delays_;
  EventReads& reads_;
  Publishing& publishing_;

  bool busy_ = false;
  Offset from_ = 0;
  Offset limit_ = 0;
  std::size_t unread_ = 0;  // of those asked for
  std::size_t bytes_ = 0;   // moved by this call
  DelayedWriter records_;
  std::uint64_t moved_ = 0;
};

}  // namespace reel::broker
