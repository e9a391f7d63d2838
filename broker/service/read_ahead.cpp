#include "service/read_ahead.h"

#include <iterator>

#include "journal/tail.h"

namespace reel::broker {

const StoredBatchPtr& ReadAhead::batch_at(Offset offset, Reading reading, DeliveryEdge& edge, LogTime now) {
  auto& stretch = of(reading);
  auto& last = stretch.last;
  if (last && offset >= last->first_offset && offset < last->end_offset()) return last;
  last = edge.recent(offset);
  if (!last) last = find_batch(stretch.batches, offset);
  if (!last && !stretch.reading && now >= stretch.again_at) {
    stretch.reading = true;
    edge.read(service_, reading, offset);
  }
  return last;
}

void ReadAhead::take(Reading reading, std::vector<StoredBatchPtr> batches, Offset gone_before) {
  auto& stretch = of(reading);
  stretch.reading = false;
  stretch.batches.assign(std::make_move_iterator(batches.begin()), std::make_move_iterator(batches.end()));
  gone_before_ = gone_before;
}

void ReadAhead::failed(Reading reading, LogTime again_at) {
  of(reading).reading = false;
  of(reading).again_at = again_at;
}

void ReadAhead::let_go_of_tail() {
  for (auto& stretch : stretches_) stretch.last.reset();
}

}  // namespace reel::broker
