#include "query/fates.h"

#include <algorithm>
#include <set>

#include "event/batch.h"
#include "query/service_checks.h"

namespace reel::broker {
namespace {

// "bad_payload"
std::string name_of(v1::RefusalReason reason) {
  auto name = v1::RefusalReason_Name(reason).substr(std::string_view{"REFUSAL_"}.size());
  for (auto& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return name;
}

bool is_parked(const ServiceRecord& record, const EventAt& at) {
  const auto key = record.parked.find(at.event().key_hash);
  return key != record.parked.end() && key->second.contains(at.offset);
}

}  // namespace

// `now` is said last: what was settled when its event was told is settled still.
void Fates::tell_rest(const std::vector<std::string>& correlationids, std::set<std::string> services,
                      LogTime offline_since_at_least, v1::FatesReply& reply) {
  for (const auto& event : reply.events()) {
    for (const auto& delivery : event.deliveries()) services.insert(delivery.service());
  }
  for (const auto& service : services) tell_service(service, offline_since_at_least, reply);
  const auto delayed = delays_.count_of(correlationids);
  for (std::size_t i = 0; i < correlationids.size(); ++i) tell_flow(correlationids[i], delayed[i], reply);
  reply.set_now(log_.now());
}

void Fates::tell_event(const EventAt& at, v1::FatesReply& reply) {
  auto& row = *reply.add_events();
  row.set_offset(at.offset);
  const auto event = at.batch ? read_event(at.event().bytes) : std::nullopt;
  if (!event) return;
  row.set_topic(std::string{at.run().topic});
  row.set_id(std::string{event->id});
  row.set_partitionkey(std::string{event->partitionkey});
  row.set_subject(std::string{event->subject});
  row.set_recordedtime(at.log_time());
  const auto names = services_.names();
  std::vector<std::string> subscribed;
  for (const auto index : services_.listening(at.run().topic)) {
    const auto name = names.find(index);
    if (name != names.end() && services_.listens(index)) subscribed.push_back(name->second);
  }
  std::sort(subscribed.begin(), subscribed.end());
  for (const auto& service : subscribed) {
    auto& delivery = *row.add_deliveries();
    delivery.set_service(service);
    tell_delivery(service, at, delivery);
  }
}

// Who has it, before what the journal says: that may be about the attempt before.
void Fates::tell_delivery(const std::string& service, const EventAt& at, v1::FatesReply::Delivery& to) {
  const auto* const record = ledger_.find(service);
  const auto* const queue = services_.find(service);
  if (record == nullptr || queue == nullptr) return to.set_fate(v1::SERVICE_FATE_UNKNOWN);
  const auto tell_failure = [&](const v1::Failure& failure) {
    to.set_attempt(failure.attempt());
    to.set_attempts(queue->dispatch().attempts(failure.error_type()));
    to.set_error_type(failure.error_type());
    to.set_error(failure.error());
  };
  const auto held = queue->dispatch().find(at.offset);
  const auto again = record->owed_again(at.event().key_hash, at.offset);
  const auto failed = record->retrying.find(held ? held->offset : again.value_or(at.offset));
  const auto* const failure = failed == record->retrying.end() ? nullptr : &failed->second;
  if (held) {
    tell_held(*held, failure, to);
    if (failure != nullptr) tell_failure(*failure);
    return;
  }
  if (const auto dead = record->dead.find(at.offset); dead != record->dead.end()) {
    to.set_fate(v1::SERVICE_FATE_DEAD);
    to.set_since(dead->second.failed_at());
    return tell_failure(dead->second);
  }
  const bool left = queue->parked().leaves(at.event().key_hash, at.offset) && !record->is_settled(at.offset);
  if (is_parked(*record, at) || (left && services_.does_want(service, at))) {
    return to.set_fate(v1::SERVICE_FATE_PARKED);
  }
  if (failure != nullptr) {
    to.set_fate(v1::SERVICE_FATE_RETRYING);
    to.set_retry_at(failure->retry_at());
    return tell_failure(*failure);
  }
  const auto waits = [&](Offset offset) {
    const bool looked_at =
        offset < queue->next_offset(log_.committed_end()) && !queue->leaves(at.event().key_hash, offset);
    return looked_at ? v1::SERVICE_FATE_IN_FLIGHT : v1::SERVICE_FATE_WAITING;
  };
  if (again) return to.set_fate(waits(*again));
  if (!services_.does_want(service, at)) {
    return to.set_fate(services_.would_want(service, at) ? v1::SERVICE_FATE_EARLIER
                                                         : v1::SERVICE_FATE_FILTERED);
  }
  // Before how far the service is: after a restart it comes once more to what was settled above its floor.
  if (record->is_settled(at.offset)) return to.set_fate(v1::SERVICE_FATE_SETTLED);
  to.set_fate(waits(at.offset));
}

// What failed is told beside it.
void Fates::tell_held(const Dispatch::Held& held, const v1::Failure* failure, v1::FatesReply::Delivery& to) {
  const bool in_flight = held.state == Dispatch::Held::State::in_flight;
  if (in_flight) {
    to.set_since(held.since);
    if (const auto* const session = sessions_.find(held.instance)) to.set_instance(session->instance);
  }
  if (failure != nullptr) {
    to.set_fate(v1::SERVICE_FATE_RETRYING);
    if (!in_flight) to.set_retry_at(failure->retry_at());
    return;
  }
  to.set_fate(in_flight ? v1::SERVICE_FATE_IN_FLIGHT : v1::SERVICE_FATE_WAITING);
}

void Fates::tell_service(const std::string& service, LogTime offline_since_at_least, v1::FatesReply& reply) {
  const auto* const queue = services_.find(service);
  const auto* const record = ledger_.find(service);
  const bool subscribes = queue != nullptr && record != nullptr;
  std::uint32_t instances = 0;
  std::vector<const Session*> checked;
  sessions_.each([&](Session& session) {
    instances += services_.serves(session) && session.queue == service;
    if (session.service == service && !session.said.checks.empty()) checked.push_back(&session);
  });
  if (!subscribes && checked.empty()) return;
  auto& row = *reply.add_services();
  row.set_service(service);
  tell_checks(checked, WhichChecks::failed, *row.mutable_failed_checks());
  row.set_instances(subscribes ? instances : static_cast<std::uint32_t>(checked.size()));
  if (!subscribes) return;
  if (instances == 0) row.set_offline_since(std::max(queue->left_at(), offline_since_at_least));
  if (record->paused_until > log_.now()) {
    row.set_paused_until(record->paused_until);
    row.set_paused_by(record->paused_by);
  }
  row.set_waiting(queue->dispatch().held() + queue->left());
  row.set_behind(queue->behind() && queue->next_offset(log_.committed_end()) < log_.committed_end());
  row.set_attempts(static_cast<std::uint32_t>(queue->policy().retry.attempts));
}

void Fates::tell_flow(const std::string& correlationid, std::uint64_t delayed, v1::FatesReply& reply) {
  auto& row = *reply.add_flows();
  row.set_correlationid(correlationid);
  row.set_delayed(delayed);
  for (const auto& refused : refusals_.of(correlationid)) {
    auto& to = *row.add_refused();
    to.set_service(refused.service);
    to.set_topic(refused.topic);
    to.set_reason(name_of(refused.reason));
    to.set_text(refused.text);
    to.set_id(refused.id);
    to.set_causationid(refused.causationid);
    to.set_at(refused.at);
    to.set_times(refused.times);
  }
}

}  // namespace reel::broker
