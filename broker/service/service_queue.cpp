#include "service/service_queue.h"

#include <algorithm>

#include "service/own_record.h"

namespace reel::broker {
namespace {

// Offered but not yet handed over. A few frames' worth: enough that no instance runs dry between two turns.
constexpr std::size_t feed_ahead_events = 8192;
// Events of which a `when` is asked in one turn. An event that is not wanted takes no room, so nothing else
// would end the turn of a service that is far behind and wants little; about 10 ms.
constexpr std::size_t asks_per_turn = 8192;
// When what is held back until somebody names its pattern would be due.
constexpr LogTime until_named = ~LogTime{0};
// Handed over in one turn, so that one busy service does not hold up the others' turn.
constexpr std::size_t hand_over_events_max = 16384;

}  // namespace

ServiceQueue::ServiceQueue(Options options)
    : options_{std::move(options)},
      interest_{redelivery_topic(options_.name), options_.record, options_.recovered_end},
      dispatch_{options_.policy, options_.window_events_max, options_.jitter_seed, options_.told_within},
      parked_{options_.policy.on_dead, options_.parked_events_max, options_.record},
      paused_until_{options_.record == nullptr ? 0 : options_.record->paused_until},
      next_{options_.next},
      reads_{options_.index} {
  if (options_.record != nullptr) redeliveries_ahead_ = options_.record->redelivering;
}

void ServiceQueue::join(const Member& member) {
  const bool reads_the_log = options_.ephemeral || options_.policy.in_offset_order;
  const auto outbox =
      outboxes_.try_emplace(member.id, interest_.redelivery_topic(), options_.ephemeral, reads_the_log).first;
  outbox->second.set_member(member);
  dispatch_.join(member.id, member.credit_events, member.credit_bytes, member.tells_begun);
  stalled_ = false;
}

Settlement ServiceQueue::leave(InstanceId id, bool lost, LogTime now) {
  if (outboxes_.erase(id) > 0 && outboxes_.empty()) left_at_ = now;
  return noted(dispatch_.leave(id, lost, now));
}

Settlement ServiceQueue::settle(InstanceId id, std::span<const AckRange> acks, std::span<const Nack> nacks,
                                LogTime now) {
  return answered(dispatch_.settle(id, acks, nacks, now), now);
}

Settlement ServiceQueue::expire(LogTime now) {
  return answered(dispatch_.expire(now), now);
}

Settlement ServiceQueue::answered(Settlement settlement, LogTime now) {
  if (paused_until_ <= now) breaker_.note(settlement, options_.policy);
  return noted(std::move(settlement));
}

bool ServiceQueue::give_up(const v1::Failure& failure, Settlement& settlement) {
  Settlement gave_up;
  const bool held = dispatch_.give_up(failure.offset(), gave_up);
  const bool fed = caught_up_ || failure.offset() < next_;
  if (!held && fed) return false;  // in flight, or answered a moment ago
  // What was not fed may be before the ledger hears of this.
  if (!held && !given_up_.insert(failure.offset()).second) return false;
  gave_up.failures.push_back(failure);
  gave_up = noted(std::move(gave_up));
  settlement.failures.push_back(failure);
  settlement.parked.insert(settlement.parked.end(), gave_up.parked.begin(), gave_up.parked.end());
  return true;
}

// Keeps what is parked, and keeps back from here on what follows a dead letter.
Settlement ServiceQueue::noted(Settlement settlement) {
  for (const auto& failure : settlement.failures) {
    if (failure.ending() == v1::ENDING_DEAD) parked_.died(failure.key_hash());
  }
  for (const auto& event : settlement.parked) parked_.add(event.key_hash, event.origin);
  return settlement;
}

void ServiceQueue::wake(Offset first) {
  if (!caught_up_) return;
  next_ = std::max(next_, first);
  caught_up_ = false;
}

Settlement ServiceQueue::turn(LogTime now, DeliveryEdge& edge) {
  now_ = now;
  asks_left_ = asks_per_turn;
  unsent_ = false;
  if (paused_until_ <= now) paused_until_ = 0;
  if (outboxes_.empty()) return {};  // a service nobody serves costs nothing: it reads when it comes back
  // Feed and hand over in turns: what is handed over makes room for more, and what cannot be sent lets the
  // next of its key go.
  for (int round = 0; round < 4; ++round) {
    const auto held_before = dispatch_.held();
    const auto unsent_before = outcome_.failures.size();
    feed(edge);
    const bool fed = dispatch_.held() > held_before;
    if (paused_until_ == 0) hand_over(now);
    for (auto& [id, outbox] : outboxes_) send(outbox, edge);
    unsent_ = outcome_.failures.size() > unsent_before;
    if (!fed && !unsent_) break;
  }
  const auto next = next_offset(edge.committed_end());
  redeliveries_ahead_.erase(redeliveries_ahead_.begin(), redeliveries_ahead_.lower_bound(next));
  reads_.let_go_of_tail();
  return std::exchange(outcome_, {});
}

bool ServiceQueue::may_feed() const {
  if (dispatch_.room() == 0) return false;
  const auto waiting = dispatch_.held() - dispatch_.in_flight() - dispatch_.retrying();
  return waiting < feed_ahead_events || (stalled_ && paused_until_ == 0);
}

void ServiceQueue::feed(DeliveryEdge& edge) {
  const Offset end = edge.committed_end();
  while (!caught_up_ && may_feed() && asks_left_ > 0) {
    if (next_ >= end) {
      caught_up_ = true;
      reads_.forget_feed();
      return;
    }
    const StoredBatchPtr batch = reads_.batch_at(next_, Reading::feed, edge, now_);
    if (!batch) return;
    next_ = feed_batch(*batch, edge);
  }
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
      bool goes = true;
      if (interest_.asks_about(offset)) {
        --asks_left_;
        goes = interest_.wants(offset, run.topic);
      }
      if (goes && choosy && interest_.failed_before(offset) == nullptr) {
        asks_left_ -= std::min<std::size_t>(asks_left_, 1);
        goes = edge.wants_event(options_.index, run, event, offset);
      }
      if (!given_up_.empty() && given_up_.erase(offset) > 0) goes = false;
      if (goes) feed_event(run, event, offset);
      if (redelivery) parked_.passed(event.key_hash, offset);
    }
    if (index < run_end) break;  // no more room, or asked enough
  }
  dispatch_.offer(offers_);
  return batch.first_offset + index;
}

// Up to where the events are known that are wanted, or to the first one that there is no room for.
std::uint32_t ServiceQueue::feed_picked(const StoredBatch& batch, const StoredRun& run, std::uint32_t from,
                                        const Selections::Picked& picked, std::size_t room) {
  const auto end = std::min(picked.end, run.first_event + run.event_count);
  auto next = std::lower_bound(picked.events.begin(), picked.events.end(), from);
  for (; next != picked.events.end() && *next < end; ++next) {
    if (offers_.size() == room) return *next;
    const Offset offset = batch.first_offset + *next;
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

// One event finds out how the service is; what was with handlers before the pause says nothing.
std::size_t ServiceQueue::may_probe() const {
  const bool under_way = probe_ && dispatch_.holds(probe_->instance, probe_->offset, probe_->delivery);
  return under_way ? 0 : 1;
}

void ServiceQueue::hand_over(LogTime now) {
  const auto rate = options_.policy.max_rate_per_s;
  const auto most = std::min(pace_.allows(now, rate), breaker_.probes() ? may_probe() : hand_over_events_max);
  const auto handed = most == 0 ? std::vector<HandOver>{} : dispatch_.hand_over(now, most);
  pace_.spend(handed.size(), now, rate);
  if (breaker_.probes() && !handed.empty()) probe_ = handed.front();
  paced_ = rate != 0 && pace_.allows(now, rate) == 0;
  for (const auto& item : handed) outboxes_.at(item.instance).add(item, dispatch_);
  const auto has_credit = [this](const auto& entry) {
    return dispatch_.in_flight(entry.first) < entry.second.member().credit_events;
  };
  stalled_ = handed.empty() && most > 0 && !dispatch_.drained() &&
             std::any_of(outboxes_.begin(), outboxes_.end(), has_credit);
}

void ServiceQueue::take_read(Reading reading, std::vector<StoredBatchPtr> batches, Offset gone_before) {
  if (!caught_up_ && next_ < gone_before) next_ = gone_before;
  reads_.take(reading, std::move(batches), gone_before);
}

void ServiceQueue::send(Outbox& outbox, DeliveryEdge& edge) {
  while (const auto unsendable = outbox.send(reads_, dispatch_, edge, now_)) {
    add_to_outcome(settle(outbox.member().id, {}, {&*unsendable, 1}, now_));
  }
}

void ServiceQueue::add_to_outcome(const Settlement& settlement) {
  outcome_.failures.insert(outcome_.failures.end(), settlement.failures.begin(), settlement.failures.end());
  outcome_.parked.insert(outcome_.parked.end(), settlement.parked.begin(), settlement.parked.end());
}

std::optional<LogTime> ServiceQueue::next_deadline() const {
  auto next = dispatch_.next_deadline();
  if (paced_ && paused_until_ == 0 && !outboxes_.empty())
    next = std::min(next.value_or(pace_.again_at()), pace_.again_at());
  if (paused_until_ != 0 && paused_until_ != until_resumed) {
    next = std::min(next.value_or(paused_until_), paused_until_);
  }
  return next;
}

bool ServiceQueue::outboxes_empty() const {
  return std::all_of(outboxes_.begin(), outboxes_.end(),
                     [](const auto& entry) { return entry.second.empty(); });
}

Offset ServiceQueue::floor(Offset committed_end) const {
  const auto next = next_offset(committed_end);
  return std::min({dispatch_.oldest().value_or(next), parked_.oldest_left().value_or(next), next});
}

std::uint64_t ServiceQueue::backlog(Offset committed_end) const {
  const auto next = std::min(next_offset(committed_end), committed_end);
  return dispatch_.held() + parked_.left() + (committed_end - next);
}

std::optional<LogTime> ServiceQueue::drained_in(Offset committed_end) const {
  if (paused_until_ != 0 || outboxes_.empty()) return std::nullopt;
  return drain_.left(backlog(committed_end));
}

Offset ServiceQueue::needed_from(Offset committed_end) const {
  auto needed = parked_.oldest(floor(committed_end));
  const auto next = next_offset(committed_end);
  for (const auto& [last, origin] : redeliveries_ahead_) {
    if (last >= next) needed = std::min(needed, origin);
  }
  return std::min(needed, dispatch_.oldest_origin().value_or(needed));
}

std::vector<v1::Delivered> ServiceQueue::take_delivered(InstanceId id) {
  const auto outbox = outboxes_.find(id);
  if (outbox == outboxes_.end()) return {};
  return outbox->second.take_delivered();
}

}  // namespace reel::broker
