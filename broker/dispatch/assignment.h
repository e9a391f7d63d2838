// One round of handing over: who gets what now.
//
// Without lanes the one instance gets what is waiting, in offset order, until it comes to an event whose key
// has its share of the credit: then lanes are built, which let others pass it. With lanes, first those who
// wait longest: lanes bound to an instance that has credit again, then unbound ones, then what the cursor
// comes to. An event whose key has nothing in flight may go to anybody; such events are given out in chunks,
// so that the frames stay large, and the freest instance gets the next chunk. The first of them that fits
// nobody ends the round: the credit that comes back is for it. Suspects come before all: to whoever holds
// nothing, and where nobody does, one instance is emptied for them while the others go on.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "dispatch/deliveries.h"

namespace reel::broker {

class Assignment {
 public:
  /// Most events given to one instance before another one is looked for. 64 events of 128 bytes fill a
  /// frame well; more would let instances idle while one has a queue.
  static constexpr std::size_t chunk_events_max = 64;

  /// Of the suspects, one in so many is handed out at a time, together with the others of its group: after
  /// each loss a quarter is left, so one culprit among a thousand stands alone after five, and a thousand
  /// innocents are cleared in some twenty rounds.
  static constexpr std::size_t probed_part = 4;

  Assignment(Deliveries& deliveries, LogTime now, std::size_t max)
      : deliveries_{deliveries}, instances_{deliveries.instances()}, now_{now}, left_{max} {}

  /// Grouped by instance, in offset order in each group.
  [[nodiscard]] std::vector<HandOver> run();

 private:
  [[nodiscard]] bool hand_in_order();
  void hand_suspects();
  void probe(Slot slot);
  [[nodiscard]] std::optional<Slot> emptied_for_suspect();
  void hand_to_bound();
  [[nodiscard]] bool hand_unbound();
  void advance_cursor();
  [[nodiscard]] bool place_fresh(Position position);
  std::size_t give(LaneId lane, Slot slot, std::size_t max);
  [[nodiscard]] std::optional<Slot> anybody(const Entry& entry);
  [[nodiscard]] std::vector<HandOver> collect();

  Deliveries& deliveries_;
  Instances& instances_;
  LogTime now_;
  std::size_t left_;
  Slot chunk_slot_ = 0;
  std::size_t chunk_left_ = 0;
  std::size_t chunk_events_ = 1;
};

}  // namespace reel::broker
