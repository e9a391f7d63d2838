#include "one_service.h"

#include <doctest/doctest.h>

#include "event/batch.h"
#include "service/own_record.h"

namespace reel::broker::test {

OneService::OneService(const config::Service& policy, std::uint64_t seed, std::size_t parked_events_max)
    : policy_{policy}, seed_{seed}, parked_events_max_{parked_events_max} {
  snapshot_.set_offset(1);
  ledger_ = std::make_unique<Ledger>();
  v1::SubscriptionChanged change;
  change.set_service(name);
  change.add_patterns()->set_pattern("order.*");
  append(own_record(subscription_topic, name, change, now_));
  start();
}

void OneService::start() {
  const auto* const record = ledger_->find(name);
  queue_ = std::make_unique<ServiceQueue>(ServiceQueue::Options{.name = name,
                                                                .index = 0,
                                                                .policy = policy_,
                                                                .window_events_max = 50,
                                                                .parked_events_max = parked_events_max_,
                                                                .next = std::max<Offset>(record->floor, 1),
                                                                .record = record,
                                                                .recovered_end = end_,
                                                                .jitter_seed = seed_});
  queue_->set_patterns(record->patterns);
}

Offset OneService::append(std::string batch) {
  auto stored = std::make_unique<StoredBatch>();
  stored->append_own(std::move(batch));
  stored->first_offset = end_;
  stored->log_time = now_++;
  end_ = stored->end_offset();
  for (const auto& run : stored->runs) {
    for (auto index = run.first_event; index < run.first_event + run.event_count; ++index) {
      if (!run.topic.starts_with("reel.")) continue;
      const auto event = read_event(stored->events[index].bytes);
      REQUIRE(ledger_->apply(
          {run.topic, event->data, stored->first_offset + index, stored->events[index].key_hash}));
    }
    if (queue_ && wants(0, run.topic)) queue_->wake(stored->first_offset + run.first_event);
  }
  journal_.push_back(std::move(stored));
  return journal_.back()->first_offset;
}

Offset OneService::publishes(const std::string& key) {
  BatchWriter writer;
  writer.begin_run({.source = "test", .topic = "order.placed", .dataschema = "test.Order"});
  const auto id = "e" + std::to_string(end_);
  writer.add({.id = id, .correlationid = key});
  return append(writer.take());
}

void OneService::joins(int instance, std::uint32_t credit_events) {
  (void)inboxes_[instance];
  queue_->join({.id = id(instance), .credit_events = credit_events, .credit_bytes = 1'000'000});
}

void OneService::joins_telling(int instance, std::uint32_t credit_events) {
  (void)inboxes_[instance];
  queue_->join(
      {.id = id(instance), .credit_events = credit_events, .credit_bytes = 1'000'000, .tells_begun = true});
}

void OneService::leaves(int instance, bool lost) {
  if (inboxes_.erase(instance) == 0) return;
  report(queue_->leave(id(instance), lost, now_));
}

void OneService::turns() {
  for (const auto& [reading, from] : std::exchange(reads_, {})) {
    std::vector<StoredBatchPtr> batches;
    for (const auto& batch : journal_) {
      if (batch->end_offset() > from && batches.size() < 3) batches.push_back(batch);
    }
    queue_->take_read(reading, std::move(batches), 1);
  }
  report(queue_->turn(now_, *this));
  rounds();
}

void OneService::rounds() {
  for (const auto key_hash : queue_->parked().take_due()) {
    if (const auto left = queue_->parked().to_be_found(key_hash)) {
      find(key_hash, *left);
      continue;
    }
    const auto origins = queue_->parked().round(key_hash, 3);
    const auto events = events_at(origins);
    queue_->parked().remove(key_hash, origins);
    queue_->parked().resume(key_hash, end_, end_ + events.size() - 1);
    append(redelivery_run(name, v1::REDELIVERY_RESUMED, {events.begin(), events.end()}, 0));
  }
}

// A few offsets further each time, whatever is found there.
void OneService::find(std::uint64_t key_hash, const ParkedKeys::Left& left) {
  constexpr Offset looked_at = 20;
  Settlement found;
  auto at = left.from;
  for (; at <= left.to && at < left.from + looked_at; ++at) {
    const EventAt event{find_batch(journal_, at), at};
    const bool is_one = event.event().key_hash == key_hash && event.run().topic == "order.placed";
    if (is_one && !record().is_settled(at)) found.parked.push_back({at, at, key_hash});
  }
  queue_->parked().found(key_hash, found.parked, at);
  report(found);
}

std::vector<EventAt> OneService::events_at(const std::vector<Offset>& origins) const {
  std::vector<EventAt> events;
  for (const auto origin : origins) events.push_back({find_batch(journal_, origin), origin});
  return events;
}

void OneService::acks(int instance, const Handed& handed) {
  const AckRange range{handed.offset, 1, handed.delivery};
  report(queue_->settle(id(instance), {&range, 1}, {}, now_));
}

void OneService::nacks(int instance, const Handed& handed, bool reject) {
  const Nack nack{.offset = handed.offset, .delivery = handed.delivery, .error = "Oops", .reject = reject};
  report(queue_->settle(id(instance), {}, {&nack, 1}, now_));
}

void OneService::expires() {
  report(queue_->expire(now_));
}

void OneService::command(const v1::Command& command, std::string consequences) {
  append(own_record(control_topic, name, command, now_) + consequences);
}

void OneService::pauses(LogTime until) {
  v1::Command pause;
  pause.set_service(name);
  pause.mutable_pause()->set_until(until);
  command(pause, {});
  queue_->pause(record().paused_until);
}

void OneService::redrives(const std::vector<Offset>& origins) {
  v1::Command redrive;
  redrive.set_service(name);
  const auto events = events_at(origins);
  auto offset = end_;
  for (const auto& at : events) {
    redrive.mutable_redrive()->add_offsets(at.offset);
    ++offset;
    queue_->parked().resume(at.event().key_hash, offset, offset);
  }
  command(redrive, redelivery_run(name, v1::REDELIVERY_REDRIVEN, {events.begin(), events.end()}, end_));
}

void OneService::discards(const std::vector<Offset>& origins) {
  v1::Command discard;
  discard.set_service(name);
  for (const auto origin : origins) discard.mutable_discard()->add_offsets(origin);
  command(discard, {});
  for (const auto& at : events_at(origins)) queue_->parked().let_go(at.event().key_hash);
}

void OneService::gives_up(Offset offset) {
  const auto failed = record().retrying.find(offset);
  if (failed == record().retrying.end()) return;
  v1::Failure failure = failed->second;
  failure.set_ending(v1::ENDING_DEAD);
  failure.set_retry_at(0);
  Settlement settlement;
  if (queue_->give_up(failure, settlement)) report(settlement);
}

void OneService::retries_now(Offset offset) {
  v1::Command retry;
  retry.set_service(name);
  retry.mutable_retry_now()->add_offsets(offset);
  command(retry, {});
  queue_->retry_now(offset);
}

void OneService::report(const Settlement& settlement) {
  auto report = report_of(name, "one", settlement);
  if (!report) return;
  report->set_floor(queue_->floor(end_));
  append(own_record(delivery_topic, name, *report, now_));
}

void OneService::snapshots() {
  snapshot_.Clear();
  ledger_->save(snapshot_);
  snapshot_.set_offset(end_);
}

void OneService::restarts() {
  inboxes_.clear();
  reads_.clear();
  queue_.reset();
  ledger_ = std::make_unique<Ledger>();
  ledger_->load(snapshot_);
  for (const auto& batch : journal_) {
    for (const auto& run : batch->runs) {
      for (auto index = run.first_event; index < run.first_event + run.event_count; ++index) {
        const Offset offset = batch->first_offset + index;
        if (offset < snapshot_.offset() || !run.topic.starts_with("reel.")) continue;
        const auto event = read_event(batch->events[index].bytes);
        REQUIRE(ledger_->apply({run.topic, event->data, offset, batch->events[index].key_hash}));
      }
    }
  }
  start();
}

StoredBatchPtr OneService::recent(Offset offset) const {
  const bool on_disk = in_memory_ < end_ && offset < end_ - in_memory_;
  return on_disk ? nullptr : find_batch(journal_, offset);
}

bool OneService::wants(ServiceIndex, std::string_view topic) {
  return topic == "order.placed" || topic == redelivery_topic(name);
}

void OneService::deliver(InstanceId to, v1::FromBroker frame, Body batch) {
  const auto& deliver = frame.deliver();
  auto& inbox = inboxes_[static_cast<int>(to)];
  std::vector<Offset> offsets;
  for (const auto& span : deliver.spans()) {
    for (Offset i = 0; i < span.count(); ++i) offsets.push_back(span.offset() + i);
  }
  auto origins = offsets;
  if (deliver.redelivery() != v1::REDELIVERY_NONE) {
    origins.clear();
    for (const auto& span : deliver.origins()) {
      for (Offset i = 0; i < span.count(); ++i) origins.push_back(span.offset() + i);
    }
  }
  REQUIRE(origins.size() == offsets.size());
  std::size_t at = 0;
  BatchReader reader{batch.bytes};
  while (auto run = reader.next_run()) {
    while (const auto event = run->next_event()) {
      REQUIRE(event->id == "e" + std::to_string(origins.at(at)));
      inbox.push_back({offsets[at], origins[at], deliver.delivery(), deliver.attempt(),
                       std::string{event->correlationid}, deliver.redelivery()});
      ++at;
    }
  }
  REQUIRE(at == offsets.size());
}

}  // namespace reel::broker::test
