#include "service/service_queue.h"

#include <algorithm>
#include <cassert>

#include "event/batch.h"
#include "event/topic.h"

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

v1::RedeliveryRecord redelivery_in(const StoredEvent& event) {
  v1::RedeliveryRecord record;
  const auto view = read_event(event.bytes);
  [[maybe_unused]] const bool read =
      view && record.ParseFromArray(view->data.data(), static_cast<int>(view->data.size()));
  assert(read && "the broker's own records are well-formed");
  return record;
}

bool has_expired(const StoredEvent& event, LogTime now) {
  const auto view = read_event(event.bytes);
  return view && view->expirytime != 0 && view->expirytime <= now;
}

}  // namespace

ServiceQueue::ServiceQueue(Options options)
    : options_{std::move(options)},
      redelivery_topic_{redelivery_topic(options_.name)},
      dispatch_{options_.policy, options_.window_events_max, options_.jitter_seed, options_.told_within},
      parked_{options_.policy.on_dead, options_.parked_events_max, options_.record},
      paused_until_{options_.record == nullptr ? 0 : options_.record->paused_until},
      next_{options_.next} {
  if (options_.record != nullptr) redeliveries_ahead_ = options_.record->redelivering;
}

void ServiceQueue::join(const Member& member) {
  members_[member.id].member = member;
  dispatch_.join(member.id, member.credit_events, member.credit_bytes, member.tells_begun);
  stalled_ = false;
}

Settlement ServiceQueue::leave(InstanceId id, bool lost, LogTime now) {
  if (members_.erase(id) > 0 && members_.empty()) left_at_ = now;
  return noted(dispatch_.leave(id, lost, now));
}

Settlement ServiceQueue::settle(InstanceId id, std::span<const AckRange> acks, std::span<const Nack> nacks,
                                LogTime now) {
  return noted(dispatch_.settle(id, acks, nacks, now));
}

Settlement ServiceQueue::expire(LogTime now) {
  return noted(dispatch_.expire(now));
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

void ServiceQueue::set_patterns(std::vector<v1::Pattern> patterns) {
  patterns_ = std::move(patterns);
  patterns_from_ = 0;
  for (const auto& pattern : patterns_) patterns_from_ = std::max(patterns_from_, pattern.from_offset());
}

void ServiceQueue::hold_back(std::vector<std::string> unnamed) {
  unnamed_ = {std::make_move_iterator(unnamed.begin()), std::make_move_iterator(unnamed.end())};
  std::erase_if(held_back_, [this](const auto& of_topic) {
    const auto& [topic, offsets] = of_topic;
    if (is_held_back(topic)) return false;
    const bool wanted = std::any_of(patterns_.begin(), patterns_.end(), [&](const v1::Pattern& pattern) {
      return matches(pattern.pattern(), topic);
    });
    for (const auto offset : offsets) wanted ? retry_now(offset) : dispatch_.withdraw(offset);
    return true;
  });
}

bool ServiceQueue::is_held_back(std::string_view topic) const {
  bool held_back = false;
  for (const auto& pattern : patterns_) {
    if (!matches(pattern.pattern(), topic)) continue;
    if (!unnamed_.contains(pattern.pattern())) return false;
    held_back = true;
  }
  return held_back;
}

bool ServiceQueue::wanted(Offset offset, std::string_view topic) const {
  if (offset < patterns_from_ && topic != redelivery_topic_) {
    const bool any = std::any_of(patterns_.begin(), patterns_.end(), [&](const v1::Pattern& pattern) {
      return offset >= pattern.from_offset() && matches(pattern.pattern(), topic);
    });
    if (!any) return false;
  }
  const auto* const before = options_.record;
  return before == nullptr || offset >= options_.recovered_end || !before->is_settled(offset);
}

bool ServiceQueue::was_retrying(Offset offset) const {
  return offset < options_.recovered_end && options_.record != nullptr &&
         options_.record->retrying.contains(offset);
}

void ServiceQueue::wake(Offset first) {
  if (!caught_up_) return;
  next_ = std::max(next_, first);
  caught_up_ = false;
}

Settlement ServiceQueue::turn(LogTime now, DeliveryEdge& edge) {
  now_ = now;
  asks_left_ = asks_per_turn;
  if (paused_until_ <= now) paused_until_ = 0;
  if (members_.empty()) return {};  // a service nobody serves costs nothing: it reads when it comes back
  // Feed and hand over in turns: what is handed over makes room for more.
  for (int round = 0; round < 4; ++round) {
    const auto held_before = dispatch_.held();
    feed(edge);
    const bool fed = dispatch_.held() > held_before;
    if (paused_until_ == 0) hand_over(now);
    for (auto& [id, instance] : members_) flush(instance, edge, now);
    if (!fed) break;
  }
  const auto next = next_offset(edge.committed_end());
  redeliveries_ahead_.erase(redeliveries_ahead_.begin(), redeliveries_ahead_.lower_bound(next));
  feed_stretch_.last.reset();
  origins_stretch_.last.reset();
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
      feed_stretch_.batches.clear();
      return;
    }
    const StoredBatchPtr batch = batch_at(next_, Reading::feed, edge);
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
    if (!edge.wants(options_.index, run.topic)) {
      index = run_end;
      continue;
    }
    const bool redelivery = run.topic == redelivery_topic_;
    const bool choosy = edge.is_choosy(options_.index, run.topic);
    for (; index < run_end && offers_.size() < room && asks_left_ > 0; ++index) {
      const Offset offset = batch.first_offset + index;
      const bool old = offset < std::max(patterns_from_, options_.recovered_end);
      const auto& event = batch.events[index];
      bool goes = !old || wanted(offset, run.topic);
      if (goes && choosy && !was_retrying(offset)) {
        --asks_left_;
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

void ServiceQueue::feed_event(const StoredRun& run, const StoredEvent& event, Offset offset) {
  const bool redelivery = run.topic == redelivery_topic_;
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
  if (offset < options_.recovered_end && options_.record != nullptr) {
    const auto failed = options_.record->retrying.find(offset);
    if (failed != options_.record->retrying.end()) {
      offer.attempt = failed->second.attempt() + 1;
      offer.not_before = failed->second.retry_at();
      offer.first_failed_at = failed->second.first_failed_at();
      offer.losses = failed->second.losses();
    }
  }
  if (!unnamed_.empty() && offer.attempt == 1 && is_held_back(run.topic)) {
    offer.not_before = until_named;
    held_back_[std::string{run.topic}].push_back(offset);
  }
  offers_.push_back(offer);
}

void ServiceQueue::hand_over(LogTime now) {
  const auto handed = dispatch_.hand_over(now, hand_over_events_max);
  for (const auto& item : handed) members_.at(item.instance).outbox.push_back(item);
  const auto has_credit = [this](const auto& entry) {
    return dispatch_.in_flight(entry.first) < entry.second.member.credit_events;
  };
  stalled_ =
      handed.empty() && !dispatch_.drained() && std::any_of(members_.begin(), members_.end(), has_credit);
}

const StoredBatchPtr& ServiceQueue::batch_at(Offset offset, Reading reading, DeliveryEdge& edge) {
  auto& from = stretch(reading);
  auto& last = from.last;
  if (last && offset >= last->first_offset && offset < last->end_offset()) return last;
  last = edge.recent(offset);
  if (!last) last = find_batch(from.batches, offset);
  if (!last) request(reading, offset, edge);
  return last;
}

void ServiceQueue::request(Reading reading, Offset from, DeliveryEdge& edge) {
  auto& wanted_for = stretch(reading);
  if (wanted_for.reading || now_ < wanted_for.read_again_at) return;
  wanted_for.reading = true;
  edge.read(options_.index, reading, from);
}

void ServiceQueue::read_failed(Reading reading, LogTime again_at) {
  stretch(reading).reading = false;
  stretch(reading).read_again_at = again_at;
}

void ServiceQueue::take_read(Reading reading, std::vector<StoredBatchPtr> batches, Offset gone_before) {
  auto& into = stretch(reading);
  into.reading = false;
  gone_before_ = gone_before;
  if (!caught_up_ && next_ < gone_before) next_ = gone_before;
  into.batches.assign(std::make_move_iterator(batches.begin()), std::make_move_iterator(batches.end()));
}

void ServiceQueue::flush(Instance& instance, DeliveryEdge& edge, LogTime now) {
  auto& outbox = instance.outbox;
  if (std::exchange(instance.waited, false)) {
    // While its payload was being read, a delivery may have been taken back.
    std::erase_if(outbox, [&](const HandOver& item) {
      return !dispatch_.holds(instance.member.id, item.offset, item.delivery);
    });
  }
  while (!outbox.empty() && !instance.waited) {
    DeliveryFrame frame{instance.member.extent};
    while (!outbox.empty() && add_next(instance, frame, edge, now)) {
    }
    if (frame.empty()) continue;  // the next was buried, or is waited for
    if (!options_.ephemeral) frame.note_delivered(instance.delivered, now);
    edge.deliver(instance.member.id, frame.take_header(), frame.take_batch());
  }
}

// Takes the next hand-over into the frame, or buries it. False where it belongs into another frame, or its
// bytes are being read.
bool ServiceQueue::add_next(Instance& instance, DeliveryFrame& frame, DeliveryEdge& edge, LogTime now) {
  const HandOver item = instance.outbox.front();
  const auto& batch = batch_at(item.offset, Reading::feed, edge);
  if (!batch) return not_at_hand(instance, item.offset);
  const Place record{batch, item.offset};
  if (batch->run_of(record.index()).topic == redelivery_topic_) {
    const auto redelivery = redelivery_in(record.event());
    if (!frame.takes(item, redelivery.kind())) return false;
    const auto& origins = batch_at(redelivery.origin(), Reading::origins, edge);
    if (!origins) return not_at_hand(instance, redelivery.origin());
    frame.add(item, redelivery.kind(), record, {origins, redelivery.origin()});
  } else {
    if (record.event().expires && has_expired(record.event(), now)) {
      bury(instance, "reel.Expired", "its expirytime passed before it was handled", true);
      return true;
    }
    if (!frame.takes(item, v1::REDELIVERY_NONE)) return false;
    frame.add(item, v1::REDELIVERY_NONE, record, record);
  }
  instance.outbox.pop_front();
  return true;
}

// The bytes are being read. If the journal has deleted them, the event is a dead letter, not a hole.
bool ServiceQueue::not_at_hand(Instance& instance, Offset offset) {
  if (offset < gone_before_) {
    bury(instance, "reel.Gone", "the journal's retention deleted the event before it was handled", false);
    return true;
  }
  instance.waited = true;
  return false;
}

// What is next in the outbox is settled without being sent.
void ServiceQueue::bury(Instance& instance, std::string_view error_type, std::string_view error,
                        bool expired) {
  const HandOver item = instance.outbox.front();
  instance.outbox.pop_front();
  const Nack nack{.offset = item.offset,
                  .delivery = item.delivery,
                  .error_type = std::string{error_type},
                  .error = std::string{error},
                  .reject = true,
                  .expired = expired};
  auto settled = settle(instance.member.id, {}, {&nack, 1}, now_);
  outcome_.failures.insert(outcome_.failures.end(), settled.failures.begin(), settled.failures.end());
  outcome_.parked.insert(outcome_.parked.end(), settled.parked.begin(), settled.parked.end());
  // What it took back behind it under its key is handed over again.
  std::erase_if(instance.outbox, [&](const HandOver& other) {
    return !dispatch_.holds(instance.member.id, other.offset, other.delivery);
  });
}

std::optional<LogTime> ServiceQueue::next_deadline() const {
  auto next = dispatch_.next_deadline();
  if (paused_until_ != 0 && paused_until_ != until_resumed) {
    next = std::min(next.value_or(paused_until_), paused_until_);
  }
  return next;
}

bool ServiceQueue::outboxes_empty() const {
  return std::all_of(members_.begin(), members_.end(),
                     [](const auto& member) { return member.second.outbox.empty(); });
}

Offset ServiceQueue::floor(Offset committed_end) const {
  const auto next = next_offset(committed_end);
  return std::min({dispatch_.oldest().value_or(next), parked_.oldest_left().value_or(next), next});
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
  const auto member = members_.find(id);
  if (member == members_.end()) return {};
  return std::exchange(member->second.delivered, {});
}

}  // namespace reel::broker
