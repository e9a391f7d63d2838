// Delayed events as the broker's loop sees them: what waits is published when it is due, listed, cancelled,
// and kept from holding old segments.
#pragma once

#include <functional>

#include "delay/delays.h"
#include "journal/event_reads.h"
#include "reel/v1/query.pb.h"
#include "service/delayed_moves.h"
#include "service/due_events.h"
#include "service/publishing.h"

namespace reel::broker {

class Delaying {
 public:
  Delaying(const config::Model& config, Delays& delays, Publishing& publishing, EventReads& reads,
           CommitLog& log);

  /// A batch was committed.
  void committed(const StoredBatch& batch) { delays_.apply(batch); }
  void turn() { due_.turn(); }
  /// When turn() has something to do next; 0: no time matters.
  [[nodiscard]] LogTime next_deadline() const { return due_.next_deadline(); }

  /// Retention would like to delete what stands below `limit`.
  void make_room(Offset limit) { moves_.move_below(limit); }
  /// Journal segments from here on are still needed.
  [[nodiscard]] Offset needed_from() const;

  /// A command's cancel_delayed. `reply` once it is committed; at once where no event waits there.
  void cancel(const v1::Command& command, std::function<void(v1::CommandReply)> reply);
  /// A page of what waits, `reply` once it was read.
  void list(const v1::DelayedRequest& request, std::function<void(v1::DelayedReply)> reply);

 private:
  Delays& delays_;
  Publishing& publishing_;
  CommitLog& log_;
  EventReads& reads_;
  DueEvents due_;
  DelayedMoves moves_;
};

}  // namespace reel::broker
