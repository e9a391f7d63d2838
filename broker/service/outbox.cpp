#include "service/outbox.h"

#include "event/batch.h"
#include "service/own_record.h"

namespace reel::broker {
namespace {

bool has_expired(const StoredEvent& event, LogTime now) {
  const auto view = read_event(event.bytes);
  return view && view->expirytime != 0 && view->expirytime <= now;
}

}  // namespace

std::optional<Nack> Outbox::send(ReadAhead& reads, const Dispatch& dispatch, DeliveryEdge& edge,
                                 LogTime now) {
  while (!items_.empty()) {
    DeliveryFrame frame{member_.extent};
    auto next = Next::added;
    while (next == Next::added && !items_.empty()) next = add_next(frame, reads, dispatch, edge, now);
    if (!frame.empty()) {
      if (!ephemeral_) frame.note_delivered(delivered_, now);
      edge.deliver(member_.id, frame.take_header(), frame.take_batch());
    }
    if (next == Next::unsendable) return std::exchange(unsendable_, std::nullopt);
    if (next == Next::read_awaited) break;
  }
  return std::nullopt;
}

Outbox::Next Outbox::add_next(DeliveryFrame& frame, ReadAhead& reads, const Dispatch& dispatch,
                              DeliveryEdge& edge, LogTime now) {
  const HandOver item = items_.front();
  if (was_taken_back(item, dispatch)) {
    pop();
    return Next::added;
  }
  const auto& batch = record_ ? record_ : reads.batch_at(item.offset, Reading::feed, edge, now);
  if (!batch) return not_at_hand(item.offset, reads);
  const Place record{batch, item.offset};
  if (batch->run_of(record.index()).topic == redelivery_topic_) {
    const auto redelivery = redelivery_in(record.event());
    if (!frame.takes(item, redelivery.kind(), record)) return Next::other_frame;
    const auto& origins = reads.batch_at(redelivery.origin(), Reading::origins, edge, now);
    if (!origins) {
      record_ = batch;
      return not_at_hand(redelivery.origin(), reads);
    }
    frame.add(item, redelivery.kind(), record, {origins, redelivery.origin()});
  } else {
    if (!reads_the_log_ && record.event().expires && has_expired(record.event(), now)) {
      return take_out("reel.Expired", "its expirytime passed before it was handled", true);
    }
    if (!frame.takes(item, v1::REDELIVERY_NONE, record)) return Next::other_frame;
    frame.add(item, v1::REDELIVERY_NONE, record, record);
  }
  pop();
  return Next::added;
}

void Outbox::pop() {
  items_.pop_front();
  record_.reset();
}

// The bytes are being read. If the journal has deleted them, the event is a dead letter, not a hole.
Outbox::Next Outbox::not_at_hand(Offset offset, const ReadAhead& reads) {
  if (!reads.is_gone(offset)) return Next::read_awaited;
  return take_out("reel.Gone", "the journal's retention deleted the event before it was handled", false);
}

Outbox::Next Outbox::take_out(std::string_view error_type, std::string_view error, bool expired) {
  const HandOver item = items_.front();
  pop();
  unsendable_ = Nack{.offset = item.offset,
                     .delivery = item.delivery,
                     .error_type = std::string{error_type},
                     .error = std::string{error},
                     .reject = true,
                     .expired = expired};
  return Next::unsendable;
}

}  // namespace reel::broker
