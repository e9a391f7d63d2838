#include "service/service_queue.h"

#include <algorithm>

#include "service/own_record.h"

namespace reel::broker {
namespace {
// Events of which a `when` is asked in one turn. An event that is not wanted takes no room, so nothing else
// would end the turn of a service that is far behind and wants little; about 10 ms.
constexpr std::size_t asks_per_turn = 8192;
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
  if (outboxes_.erase(id) > 0 && outboxes_.empty()) {
    left_at_ = now;
    left_lost_ = lost;
  }
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
  const bool looked_at = caught_up_ || failure.offset() < next_;
  const bool fed = looked_at && !leaves(failure.key_hash(), failure.offset());
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
  unsent_ = looks_again_ = handed_any_ = false;
  if (paused_until_ <= now) paused_until_ = 0;
  if (outboxes_.empty()) return {};  // a service nobody serves costs nothing: it reads when it comes back
  // Feed and hand over in turns: what is handed over makes room for more, and what cannot be sent lets the
  // next of its key go.
  for (int round = 0; round < 4; ++round) {
    const auto held_before = dispatch_.held();
    const auto unsent_before = outcome_.failures.size();
    feed_left(edge);
    feed(edge);
    const bool fed = dispatch_.held() > held_before;
    handed_any_ = false;
    if (paused_until_ == 0) hand_over(now);
    for (auto& [id, outbox] : outboxes_) send(outbox, edge);
    unsent_ = outcome_.failures.size() > unsent_before;
    // What was handed over keeps nothing back for now.
    looks_again_ = handed_any_ && !left_.empty();
    if (!fed && !unsent_ && !looks_again_) break;
  }
  const auto next = next_offset(edge.committed_end());
  redeliveries_ahead_.erase(redeliveries_ahead_.begin(), redeliveries_ahead_.lower_bound(next));
  reads_.let_go_of_tail();
  return std::exchange(outcome_, {});
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
  handed_any_ = !handed.empty();
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
  if (left_.reading()) left_.passed(gone_before);
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
  if (!caught_up_ && dispatch_.room() == 0 && !outboxes_.empty() && !options_.policy.in_offset_order)
    next = std::min(next.value_or(spills_again_at_), spills_again_at_);
  if (looks_at_ != 0 && !outboxes_.empty()) next = std::min(next.value_or(looks_at_), looks_at_);
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
  return std::min({dispatch_.oldest().value_or(next), parked_.oldest_left().value_or(next),
                   left_.oldest().value_or(next), next});
}

std::optional<Offset> ServiceQueue::oldest_waiting(Offset committed_end) const {
  if (const auto held = dispatch_.oldest_waiting()) return held;
  const auto next = next_offset(committed_end);
  return next < committed_end ? std::optional{next} : std::nullopt;
}

std::uint64_t ServiceQueue::backlog(Offset committed_end) const {
  const auto next = std::min(next_offset(committed_end), committed_end);
  return dispatch_.held() + left() + (committed_end - next);
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
  needed = std::min(needed, left_.oldest_needed().value_or(needed));
  return std::min(needed, dispatch_.oldest_origin().value_or(needed));
}

std::vector<v1::Delivered> ServiceQueue::take_delivered(InstanceId id) {
  const auto outbox = outboxes_.find(id);
  if (outbox == outboxes_.end()) return {};
  return outbox->second.take_delivered();
}

}  // namespace reel::broker
