// Where one service's batches come from: the tail that all share, or what was read ahead for it.
//
//   const StoredBatchPtr& batch = reads.batch_at(offset, Reading::feed, edge, now);
//   if (!batch) …                              // it is being read, unless it is_gone()
//   reads.take(Reading::feed, batches, gone_before);
//
// Memory: one stretch of the journal for each Reading.
#pragma once

#include <array>
#include <deque>
#include <vector>

#include "service/delivery_edge.h"

namespace reel::broker {

class ReadAhead {
 public:
  explicit ReadAhead(ServiceIndex service) : service_{service} {}

  /// The batch that holds `offset`; null where it has to be read, which is asked for.
  [[nodiscard]] const StoredBatchPtr& batch_at(Offset offset, Reading reading, DeliveryEdge& edge,
                                               LogTime now);
  /// What a read brought; `gone_before`: the journal holds nothing older.
  void take(Reading reading, std::vector<StoredBatchPtr> batches, Offset gone_before);
  /// It brought nothing: it is not tried again before this.
  void failed(Reading reading, LogTime again_at);
  /// Retention has deleted the event.
  [[nodiscard]] bool is_gone(Offset offset) const { return offset < gone_before_; }

  /// The turn ends: of the tail nothing is kept alive.
  void let_go_of_tail();
  /// What was read for it is of no more use.
  void forget(Reading reading) { of(reading).batches.clear(); }

 private:
  struct Stretch {
    std::deque<StoredBatchPtr> batches;
    bool reading = false;
    LogTime again_at = 0;
    StoredBatchPtr last;  // looked at: the next event is mostly in it too
  };
  [[nodiscard]] Stretch& of(Reading reading) { return stretches_[static_cast<std::size_t>(reading)]; }

  ServiceIndex service_;
  std::array<Stretch, readings> stretches_;  // by Reading
  Offset gone_before_ = 0;
};

}  // namespace reel::broker
