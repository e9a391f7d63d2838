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
// Handed over in one turn, so that one busy service does not hold up the others' turn.
constexpr std::size_t hand_over_events_max = 16384;
// One DELIVER frame: large enough that ZeroMQ's cost per frame disappears, small enough to stay in the cache.
constexpr std::size_t deliver_bytes = 256u << 10;

// Collects the spans of a DELIVER: consecutive offsets of one batch have consecutive log times.
void extend_spans(v1::Deliver& deliver, const StoredBatch& batch, Offset offset) {
  if (deliver.spans_size() > 0) {
    auto& last = *deliver.mutable_spans(deliver.spans_size() - 1);
    if (last.offset() + last.count() == offset && offset != batch.first_offset) {
      last.set_count(last.count() + 1);
      return;
    }
  }
  auto& span = *deliver.add_spans();
  span.set_offset(offset);
  span.set_count(1);
  span.set_log_time(batch.log_time + (offset - batch.first_offset));
}

void note_delivered(std::vector<v1::Delivered>& delivered, const v1::Deliver& deliver, LogTime now) {
  for (const auto& span : deliver.spans()) {
    auto& range = delivered.emplace_back();
    range.set_first(span.offset());
    range.set_count(span.count());
    range.set_delivery(deliver.delivery());
    range.set_attempt(deliver.attempt());
    range.set_at(now);
  }
}

}  // namespace

ServiceQueue::ServiceQueue(Options options)
    : options_{std::move(options)},
      dispatch_{options_.policy, options_.window_events_max, options_.jitter_seed},
      next_{options_.next} {}

void ServiceQueue::join(const Member& member) {
  members_[member.id].member = member;
  dispatch_.join(member.id, member.credit_events, member.credit_bytes);
  stalled_ = false;
}

Settlement ServiceQueue::leave(InstanceId id, bool lost, LogTime now) {
  members_.erase(id);
  return dispatch_.leave(id, lost, now);
}

void ServiceQueue::set_patterns(std::vector<v1::Pattern> patterns) {
  patterns_ = std::move(patterns);
  patterns_from_ = 0;
  for (const auto& pattern : patterns_) patterns_from_ = std::max(patterns_from_, pattern.from_offset());
}

bool ServiceQueue::wanted(Offset offset, std::string_view topic) const {
  if (offset < patterns_from_) {
    const bool any = std::any_of(patterns_.begin(), patterns_.end(), [&](const v1::Pattern& pattern) {
      return offset >= pattern.from_offset() && matches(pattern.pattern(), topic);
    });
    if (!any) return false;
  }
  const auto* const before = options_.recovered;
  return before == nullptr || offset >= options_.recovered_end || !before->is_settled(offset);
}

void ServiceQueue::wake(Offset first) {
  if (!caught_up_) return;
  next_ = std::max(next_, first);
  caught_up_ = false;
}

Settlement ServiceQueue::turn(LogTime now, DeliveryEdge& edge) {
  Settlement lost;
  now_ = now;
  asks_left_ = asks_per_turn;
  if (members_.empty()) return lost;  // a service nobody serves costs nothing: it reads when it comes back
  // Feed and hand over in turns: what is handed over makes room for more.
  for (int round = 0; round < 4; ++round) {
    const auto held_before = dispatch_.held();
    feed(edge);
    const auto fed = dispatch_.held() - held_before;
    hand_over(now);
    for (auto& [id, instance] : members_) flush(instance, edge, now, lost);
    if (fed == 0) break;
  }
  return lost;
}

bool ServiceQueue::may_feed() const {
  if (dispatch_.room() == 0) return false;
  const auto waiting = dispatch_.held() - dispatch_.in_flight() - dispatch_.retrying();
  return waiting < feed_ahead_events || stalled_;
}

void ServiceQueue::feed(DeliveryEdge& edge) {
  const Offset end = edge.committed_end();
  while (!caught_up_ && may_feed() && asks_left_ > 0) {
    if (next_ >= end) {
      caught_up_ = true;
      stretch_.clear();
      return;
    }
    const auto batch = payload(next_, edge);
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
    const bool choosy = edge.is_choosy(options_.index, run.topic);
    for (; index < run_end && offers_.size() < room && asks_left_ > 0; ++index) {
      const Offset offset = batch.first_offset + index;
      if (offset < std::max(patterns_from_, options_.recovered_end) && !wanted(offset, run.topic)) continue;
      const auto& event = batch.events[index];
      if (choosy) {
        --asks_left_;
        if (!edge.wants_event(options_.index, run, event, offset)) continue;
      }
      Offer offer{.offset = offset,
                  .key_hash = event.key_hash,
                  .bytes = static_cast<std::uint32_t>(event.bytes.size())};
      if (offset < options_.recovered_end && options_.recovered != nullptr) {
        const auto failed = options_.recovered->retrying.find(offset);
        if (failed != options_.recovered->retrying.end()) {
          offer.attempt = failed->second.attempt() + 1;
          offer.not_before = failed->second.retry_at();
          offer.first_failed_at = failed->second.first_failed_at();
        }
      }
      offers_.push_back(offer);
    }
    if (index < run_end) break;  // no more room, or asked enough
  }
  dispatch_.offer(offers_);
  return batch.first_offset + index;
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

StoredBatchPtr ServiceQueue::payload(Offset offset, DeliveryEdge& edge) {
  if (auto batch = edge.recent(offset)) return batch;
  if (auto batch = find_batch(stretch_, offset)) return batch;
  request(offset, edge);
  return nullptr;
}

void ServiceQueue::request(Offset from, DeliveryEdge& edge) {
  if (reading_ || now_ < read_again_at_) return;
  reading_ = true;
  edge.read(options_.index, from);
}

void ServiceQueue::read_failed(LogTime again_at) {
  reading_ = false;
  read_again_at_ = again_at;
}

void ServiceQueue::take_read(std::vector<StoredBatchPtr> batches, Offset gone_before) {
  reading_ = false;
  gone_before_ = gone_before;
  if (!caught_up_ && next_ < gone_before) next_ = gone_before;
  stretch_.assign(std::make_move_iterator(batches.begin()), std::make_move_iterator(batches.end()));
}

void ServiceQueue::flush(Instance& instance, DeliveryEdge& edge, LogTime now, Settlement& lost) {
  auto& outbox = instance.outbox;
  if (std::exchange(instance.waited, false)) {
    // While its payload was being read, a delivery may have been taken back.
    std::erase_if(outbox, [&](const HandOver& item) {
      return !dispatch_.holds(instance.member.id, item.offset, item.delivery);
    });
  }
  while (!outbox.empty()) {
    v1::FromBroker frame;
    auto& deliver = *frame.mutable_deliver();
    deliver.set_delivery(outbox.front().delivery);
    deliver.set_attempt(outbox.front().attempt);
    BatchWriter writer;
    StoredBatchPtr batch;
    std::uint32_t run_begin = 0;
    std::uint32_t run_end = 0;
    while (!outbox.empty() && writer.size() < deliver_bytes) {
      const auto& item = outbox.front();
      if (item.delivery != deliver.delivery() || item.attempt != deliver.attempt()) break;
      if (!batch || item.offset < batch->first_offset || item.offset >= batch->end_offset()) {
        batch = payload(item.offset, edge);
        run_end = 0;
        if (!batch) break;
      }
      const auto index = static_cast<std::uint32_t>(item.offset - batch->first_offset);
      if (index < run_begin || index >= run_end) {
        const auto& run = batch->run_of(index);
        writer.begin_run({run.source, run.topic, run.dataschema, run.chosen_ids});
        run_begin = run.first_event;
        run_end = run.first_event + run.event_count;
      }
      const auto& event = batch->events[index];
      writer.add_encoded(instance.member.envelope_only ? event.bytes.substr(0, event.envelope_bytes)
                                                       : event.bytes);
      extend_spans(deliver, *batch, item.offset);
      outbox.pop_front();
    }
    if (writer.empty()) {
      // The payload is being read. If the journal has deleted it, it is a dead letter, not a hole.
      const auto& item = outbox.front();
      if (item.offset >= gone_before_) {
        instance.waited = true;
        return;
      }
      const Nack gone{.offset = item.offset,
                      .delivery = item.delivery,
                      .error_type = "reel.Gone",
                      .error = "the journal's retention deleted the event before it was handled",
                      .reject = true};
      auto settled = dispatch_.settle(instance.member.id, {}, {&gone, 1}, now);
      for (auto& failure : settled.failures) lost.failures.push_back(std::move(failure));
      outbox.pop_front();
      continue;
    }
    if (!options_.ephemeral) note_delivered(instance.delivered, deliver, now);
    edge.deliver(instance.member.id, std::move(frame), writer.take());
  }
}

bool ServiceQueue::outboxes_empty() const {
  return std::all_of(members_.begin(), members_.end(),
                     [](const auto& member) { return member.second.outbox.empty(); });
}

Offset ServiceQueue::floor(Offset committed_end) const {
  const auto next = next_offset(committed_end);
  return std::min(dispatch_.oldest().value_or(next), next);
}

std::vector<v1::Delivered> ServiceQueue::take_delivered(InstanceId id) {
  const auto member = members_.find(id);
  if (member == members_.end()) return {};
  return std::exchange(member->second.delivered, {});
}

}  // namespace reel::broker
