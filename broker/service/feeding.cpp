// The queue of a service, feeding: what it comes to in the journal, and what it left there and comes back to.
#include <algorithm>

#include "service/own_record.h"
#include "service/service_queue.h"

namespace reel::broker {
namespace {

// Offered but not yet handed over. A few frames' worth: enough that no instance runs dry between two turns.
constexpr std::size_t feed_ahead_events = 8192;
// When what is held back until somebody names its pattern would be due.
constexpr LogTime until_named = ~LogTime{0};
// Where less of the window is free than this part, keys are looked for that take too much of it: those with
// more than that part of what is free, so that many that take little each come to be seen, too.
constexpr std::size_t scarce_part = 2;
constexpr std::size_t greedy_part = 8;
// What has been with a handler for so long holds up its key. Also how often, with no more room, it is looked
// for such keys: that walks over the window.
constexpr std::uint64_t patience_ns = 1'000'000'000;
// Of what was left, offered again at a time; also a walk over the window.
constexpr std::size_t left_events_max = 8192;
// Of so many keys each look costs something: it may take a tenth of the time.
constexpr std::size_t many_keys = 1'000;
constexpr std::uint64_t look_pace_ns = 2'000;
// Events passed over in search of them that cost a turn as much as one `when`.
constexpr std::size_t passed_per_ask = 16;

}  // namespace

bool ServiceQueue::may_feed() const {
  if (dispatch_.room() == 0) return false;
  const auto waiting = dispatch_.held() - dispatch_.in_flight() - dispatch_.retrying();
  return waiting < feed_ahead_events || (stalled_ && paused_until_ == 0);
}

void ServiceQueue::feed(DeliveryEdge& edge) {
  const Offset end = edge.committed_end();
  while (!caught_up_ && asks_left_ > 0) {
    make_room();
    if (!may_feed()) return;
    if (next_ >= end) {
      caught_up_ = true;
      reads_.forget(Reading::feed);
      return;
    }
    const StoredBatchPtr batch = reads_.batch_at(next_, Reading::feed, edge, now_);
    if (!batch) return;
    next_ = feed_batch(*batch, edge);
  }
}

// What waits behind an event that is tried again, or in a handler that hangs, is left in the journal where it
// takes too much of the window: the other keys need it. Reel's own services have everything in order.
void ServiceQueue::make_room() {
  const auto room = dispatch_.room();
  if (room > options_.window_events_max / scarce_part || options_.policy.in_offset_order) {
    if (now_ >= spills_again_at_) spilled_at_room_ = options_.window_events_max;
    return;
  }
  // Each time it walks over the whole window: as room halves, and then not before some time has passed.
  const bool halved = room <= spilled_at_room_ / 2 && spilled_at_room_ != 0;
  if (!halved && now_ < spills_again_at_) return;
  spilled_at_room_ = room;
  spills_again_at_ = now_ + patience_ns;
  for (const auto& spilled : dispatch_.spill(now_, patience_ns, room / greedy_part)) {
    left_.let_go(spilled);
    for (const auto& event : spilled.events) {
      if (event.origin != event.offset) parked_.left_again(spilled.key_hash, event.offset, event.offset);
    }
  }
}

// The walk over the journal for keys whose turn has come: as far as there is room for what it finds.
void ServiceQueue::feed_left(DeliveryEdge& edge) {
  if (now_ >= looks_at_) {
    left_.look([this](Offset behind) { return dispatch_.keeps_back(behind); });
    looks_at_ = left_.keys() > many_keys ? now_ + left_.keys() * look_pace_ns : 0;
  }
  const auto most = std::min((dispatch_.room() + greedy_part - 1) / greedy_part, left_events_max);
  offers_.clear();
  while (left_.reading() && offers_.size() < most && asks_left_ > 0) {
    const auto end = next_offset(edge.committed_end());
    if (left_.at() >= end) {
      left_.passed(end);
      break;
    }
    const StoredBatchPtr batch = reads_.batch_at(left_.at(), Reading::left, edge, now_);
    if (!batch) break;
    feed_left_of(*batch, most, edge);
  }
  if (offers_.empty()) return;
  dispatch_.offer_late(offers_);
  left_.rest();
}

void ServiceQueue::feed_left_of(const StoredBatch& batch, std::size_t most, DeliveryEdge& edge) {
  const auto end = std::min(batch.end_offset(), next_offset(edge.committed_end()));
  auto offset = std::max(left_.at(), batch.first_offset);
  const auto run_of = [&batch](Offset at) -> const StoredRun& {
    return batch.run_of(static_cast<std::uint32_t>(at - batch.first_offset));
  };
  const auto passed = static_cast<std::size_t>(end - offset);
  for (; offset < end && offers_.size() < most; ++offset) {
    const auto& event = batch.events[offset - batch.first_offset];
    if (!left_.takes(event.key_hash, offset)) continue;
    const auto& run = run_of(offset);
    const auto before = offers_.size();
    if (edge.wants(options_.index, run.topic))
      look_at(run, event, offset, edge.is_choosy(options_.index, run.topic), edge);
    left_.taken(event.key_hash, offset, offers_.size() > before);
  }
  asks_left_ -= std::min(asks_left_, passed / passed_per_ask + 1);
  left_.passed(offset);
}

Offset ServiceQueue::feed_batch(const StoredBatch& batch, DeliveryEdge& edge) {
  offers_.clear();
  const auto room = dispatch_.room();
  auto index = static_cast<std::uint32_t>(std::max(next_, batch.first_offset) - batch.first_offset);
  for (const auto& run : batch.runs) {
    const auto run_end = run.first_event + run.event_count;
    if (run_end <= index) continue;
    const bool redelivery = run.topic == interest_.redelivery_topic();
    const bool former = redelivery && batch.first_offset + run.first_event < options_.began;
    if (former || !edge.wants(options_.index, run.topic)) {
      index = run_end;
      continue;
    }
    const bool choosy = edge.is_choosy(options_.index, run.topic);
    if (choosy) {
      if (const auto picked = edge.picked(options_.index, batch, run_end, asks_left_)) {
        index = feed_picked(batch, run, index, *picked, room);
        if (index < run_end) break;
        continue;
      }
    }
    for (; index < run_end && offers_.size() < room && asks_left_ > 0; ++index) {
      const Offset offset = batch.first_offset + index;
      const auto& event = batch.events[index];
      if (left_.has(event.key_hash)) {
        leave(run, event, offset);
      } else {
        look_at(run, event, offset, choosy, edge);
      }
    }
    if (index < run_end) break;  // no more room, or asked enough
  }
  dispatch_.offer(offers_);
  return batch.first_offset + index;
}

// Offers it, if it is wanted and nothing keeps it back.
void ServiceQueue::look_at(const StoredRun& run, const StoredEvent& event, Offset offset, bool choosy,
                           DeliveryEdge& edge) {
  bool goes = true;
  if (interest_.asks_about(offset)) {
    asks_left_ -= std::min<std::size_t>(asks_left_, 1);
    goes = interest_.wants(offset, run.topic);
  }
  if (goes && choosy && interest_.failed_before(offset) == nullptr) {
    asks_left_ -= std::min<std::size_t>(asks_left_, 1);
    goes = edge.wants_event(options_.index, run, event, offset);
  }
  if (!given_up_.empty() && given_up_.erase(offset) > 0) goes = false;
  if (goes) feed_event(run, event, offset);
  if (run.topic == interest_.redelivery_topic()) parked_.passed(event.key_hash, offset);
}

// Others of its key are left already. Whether it is wanted is asked when it is its turn.
void ServiceQueue::leave(const StoredRun& run, const StoredEvent& event, Offset offset) {
  const bool redelivery = run.topic == interest_.redelivery_topic();
  left_.leave(event.key_hash, offset, redelivery ? redelivery_in(event).origin() : offset);
}

// Up to where the events are known that are wanted, or to the first one that there is no room for.
std::uint32_t ServiceQueue::feed_picked(const StoredBatch& batch, const StoredRun& run, std::uint32_t from,
                                        const Selections::Picked& picked, std::size_t room) {
  const auto end = std::min(picked.end, run.first_event + run.event_count);
  auto next = std::lower_bound(picked.events.begin(), picked.events.end(), from);
  for (; next != picked.events.end() && *next < end; ++next) {
    if (offers_.size() == room) return *next;
    const Offset offset = batch.first_offset + *next;
    if (left_.has(batch.events[*next].key_hash)) {
      leave(run, batch.events[*next], offset);
      continue;
    }
    const bool given_up = !given_up_.empty() && given_up_.erase(offset) > 0;
    const bool goes = !interest_.asks_about(offset) || interest_.wants(offset, run.topic);
    if (goes && !given_up) feed_event(run, batch.events[*next], offset);
  }
  return std::max(from, end);
}

void ServiceQueue::feed_event(const StoredRun& run, const StoredEvent& event, Offset offset) {
  const bool redelivery = run.topic == interest_.redelivery_topic();
  Offer offer{
      .offset = offset, .key_hash = event.key_hash, .bytes = static_cast<std::uint32_t>(event.bytes.size())};
  v1::RedeliveryRecord record;
  if (redelivery) {
    record = redelivery_in(event);
    offer.origin = record.origin();
    offer.bytes = record.bytes();
  }
  const bool goes_on = redelivery && record.kind() != v1::REDELIVERY_REPLAYED;
  if (parked_.keeps(event.key_hash, offset, goes_on)) {
    // What returns from a round stands before all that was left.
    if (!goes_on && !parked_.has_room(event.key_hash)) return parked_.leave(event.key_hash, offset);
    const Offset origin = redelivery ? record.origin() : offset;
    parked_.add(event.key_hash, origin);
    outcome_.parked.push_back({offset, origin, event.key_hash});
    return;
  }
  if (const auto* const failure = interest_.failed_before(offset)) {
    offer.attempt = failure->attempt() + 1;
    offer.not_before = failure->retry_at();
    offer.first_failed_at = failure->first_failed_at();
    offer.losses = failure->losses();
  }
  if (offer.attempt == 1 && interest_.holds_back(run.topic)) {
    offer.not_before = until_named;
    interest_.note_held_back(run.topic, offset);
  }
  offers_.push_back(offer);
}

}  // namespace reel::broker
