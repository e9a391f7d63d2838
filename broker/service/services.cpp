#include "service/services.h"

#include <algorithm>
#include <limits>

#include "dispatch/backoff.h"
#include "event/batch.h"
#include "event/pattern_begin.h"
#include "event/topic.h"
#include "event/uuid.h"

namespace reel::broker {
namespace {

// One stretch read from the journal for a service that is behind.
constexpr std::size_t read_bytes = 1u << 20;
// How long a pattern that no instance names is wanted all the same, in service_timeouts. By one of them an
// instance that was lost is known to be; the others are for a program to start, or to find its broker again.
constexpr std::uint64_t grace_timeouts = 6;
// The window of a part of Reel, where service_window_events_max is less. The tracker settles a checkpoint's
// worth of events at a time, and is handed the next meanwhile; at 65 bytes for an event.
constexpr std::size_t own_window_events = 1'000'000;

std::size_t bytes_of(const std::vector<v1::Pattern>& patterns) {
  std::size_t bytes = 0;
  for (const auto& pattern : patterns) {
    bytes += pattern.pattern().size() + pattern.when().size();
    for (const auto& begin : pattern.begins()) bytes += begin.topic().size();
  }
  return bytes;
}

}  // namespace

Services::Services(const config::Model& config, Ledger& ledger, Journal& journal, CommitLog& log,
                   Router& router, Publishing& publishing, Replies& replies)
    : config_{config},
      ledger_{ledger},
      journal_{journal},
      log_{log},
      router_{router},
      publishing_{publishing},
      replies_{replies},
      selections_{router},
      unnamed_{grace_timeouts * nanoseconds_of(config.broker.service_timeout)},
      recovered_end_{log.committed_end()} {}

void Services::recover() {
  for (const auto& [name, record] : ledger_.services()) {
    if (record.patterns.empty()) continue;
    Offset next = log_.committed_end();
    for (const auto& pattern : record.patterns) next = std::min(next, begin_of(pattern));
    if (!record.resuming.empty()) next = std::min(next, record.floor);  // redeliveries, whatever the patterns
    auto& queue = open(name, false, std::max({next, record.floor, journal_.begin_offset()}));
    want(queue, record.patterns);
    for (const auto& pattern : record.patterns) unnamed_.left(name, pattern.pattern(), 0);
  }
}

void Services::want(ServiceQueue& queue, std::vector<v1::Pattern> patterns) {
  pattern_bytes_ += bytes_of(patterns);
  pattern_bytes_ -= bytes_of(queue.patterns());
  auto routed = patterns;
  if (!queue.ephemeral()) routed.emplace_back().set_pattern(redelivery_topic(queue.name()));
  router_.subscribe(by_name_.at(queue.name()), routed);
  queue.set_patterns(std::move(patterns));
  note_unnamed(queue);
}

// A part of Reel takes events in order and remembers how far it is: giving up on one, or trying it again
// behind newer ones, would leave a hole in what it knows. Its silence alone says that it is gone.
config::Service Services::policy_of(const std::string& name) const {
  const auto configured = config_.services.find(name);
  auto policy = configured == config_.services.end() ? config::Service{} : configured->second;
  if (is_system_service(name)) {
    policy.retry.attempts = std::numeric_limits<int>::max();
    policy.retry.by_error.clear();
    policy.ack_timeout = std::chrono::hours{24 * 365};
    policy.in_offset_order = true;
  }
  return policy;
}

std::size_t Services::window_of(const std::string& name) const {
  const std::size_t configured = config_.broker.service_window_events_max;
  return is_system_service(name) ? std::max(configured, own_window_events) : configured;
}

void Services::take_up() {
  for (const auto& queue : queues_) {
    if (!queue) continue;
    queue->set_policy(policy_of(queue->name()));
    touch(*queue);
  }
}

ServiceQueue& Services::open(const std::string& name, bool ephemeral, Offset next) {
  ServiceIndex index = queues_.size();
  if (free_.empty()) {
    queues_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  const auto* const record = ephemeral ? nullptr : record_of(name);
  const bool anew = record == nullptr || record->is_forgotten();
  auto& slot = queues_[index];
  slot = std::make_unique<ServiceQueue>(
      ServiceQueue::Options{.name = name,
                            .index = index,
                            .policy = policy_of(name),
                            .window_events_max = window_of(name),
                            .parked_events_max = config_.broker.service_parked_events_max,
                            .ephemeral = ephemeral,
                            .next = next,
                            .began = anew ? log_.appended_end() : record->began,
                            .record = record,
                            .recovered_end = ephemeral ? 0 : recovered_end_,
                            .jitter_seed = random_nonzero(),
                            .told_within = nanoseconds_of(config_.broker.service_timeout)});
  by_name_[name] = index;
  if (ephemeral) ++ephemerals_;
  return *slot;
}

void Services::close(ServiceIndex index) {
  auto& slot = queues_[index];
  by_name_.erase(slot->name());
  unnamed_.forget(slot->name());
  pattern_bytes_ -= bytes_of(slot->patterns());
  if (slot->ephemeral()) --ephemerals_;
  router_.unsubscribe(index);
  touched_.erase(index);
  touched_own_.erase(index);
  slot.reset();
  free_.push_back(index);
}

const ServiceQueue* Services::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : queues_[found->second].get();
}

ServiceQueue* Services::find_durable(std::string_view name) {
  const auto found = by_name_.find(name);
  if (found == by_name_.end() || queues_[found->second]->ephemeral()) return nullptr;
  return queues_[found->second].get();
}

void Services::each_durable(const std::function<void(ServiceQueue&)>& visit) {
  for (const auto& queue : queues_) {
    if (queue && !queue->ephemeral()) visit(*queue);
  }
}

bool Services::has_instances(std::string_view name) const {
  return std::any_of(members_.begin(), members_.end(),
                     [name](const auto& member) { return member.second.service == name; });
}

void Services::forget(const std::string& name) {
  forgetting_.insert(name);
  if (const auto found = by_name_.find(name); found != by_name_.end()) close(found->second);
}

// What the ledger knows of it, unless that is about to end.
const ServiceRecord* Services::record_of(const std::string& name) const {
  return forgetting_.contains(name) ? nullptr : ledger_.find(name);
}

bool Services::would_want(const std::string& service, const EventAt& at) {
  const auto found = by_name_.find(service);
  if (found == by_name_.end() || !wants(found->second, at.run().topic)) return false;
  constexpr Offset whenever = std::numeric_limits<Offset>::max();
  return !is_choosy(found->second, at.run().topic) ||
         wants_event(found->second, at.run(), at.event(), whenever);
}

bool Services::does_want(const std::string& service, const EventAt& at) {
  const auto* const record = ledger_.find(service);
  const auto found = by_name_.find(service);
  if (record == nullptr || found == by_name_.end() || !record->wants(at.run().topic, at.offset)) return false;
  return !is_choosy(found->second, at.run().topic) ||
         wants_event(found->second, at.run(), at.event(), at.offset);
}

bool Services::is_settled(const std::string& service, Offset offset) const {
  const auto* const record = ledger_.find(service);
  return record != nullptr && record->is_settled(offset);
}

std::map<std::size_t, std::string> Services::names() const {
  std::map<std::size_t, std::string> names;
  for (const auto& [name, index] : by_name_) names.emplace(index, name);
  return names;
}

const std::vector<ServiceIndex>& Services::listening(std::string_view topic) {
  return router_.route(topic).services;
}

bool Services::listens(ServiceIndex index) const {
  return !queues_[index]->ephemeral() && !is_system_service(queues_[index]->name());
}

void Services::touch(ServiceQueue& queue) {
  touch(by_name_.at(queue.name()));
}

void Services::touch(ServiceIndex index) {
  (is_system_service(queues_[index]->name()) ? touched_own_ : touched_).insert(index);
}

LogTime Services::next_deadline() const {
  if (!touched_own_.empty()) return 1;
  LogTime next = touched_.empty() ? 0 : 1;
  for (const auto& queue : queues_) {
    if (!queue) continue;
    const auto due = queue->next_deadline();
    if (due && (next == 0 || *due < next)) next = *due;
  }
  if (const auto due = unnamed_.next_deadline(); due && (next == 0 || *due < next)) next = *due;
  // Much of it only a turn can see to.
  return next == 0 ? 0 : std::max(next, rounds_.next());
}

LogTime Services::watermark(const Session& session) {
  const auto* const queue = members_.contains(session.id) ? find(session.queue) : nullptr;
  if (queue == nullptr || !queue->caught_up()) return 0;
  // What another instance holds may yet come here, with an older log time.
  const auto& dispatch = queue->dispatch();
  return dispatch.in_flight(session.id) == dispatch.in_flight() ? log_.watermark() : 0;
}

void Services::raise_floors() {
  for (const auto& queue : queues_) {
    if (queue && !queue->ephemeral()) ledger_.raise_floor(queue->name(), queue->floor(log_.committed_end()));
  }
}

Offset Services::needed_from() const {
  Offset needed = log_.committed_end();
  for (const auto& queue : queues_) {
    if (queue && !queue->ephemeral()) needed = std::min(needed, queue->needed_from(log_.committed_end()));
  }
  return needed;
}

// ---- DeliveryEdge

// reel.ledger goes to those alone whose own deliveries are not reported: to anybody else it would never end.
bool Services::may_read(ServiceIndex service, std::string_view topic) const {
  return topic != ledger_topic || queues_[service]->ephemeral();
}

bool Services::wants(ServiceIndex service, std::string_view topic) {
  if (!may_read(service, topic)) return false;
  const auto& listening = router_.route(topic).services;
  return std::binary_search(listening.begin(), listening.end(), service);
}

bool Services::is_choosy(ServiceIndex service, std::string_view topic) {
  return router_.choosy(service, topic) != nullptr;
}

std::optional<Selections::Picked> Services::picked(ServiceIndex service, const StoredBatch& batch,
                                                   std::uint32_t until, std::size_t& asks_left) {
  return selections_.of(service, batch, until, asks_left);
}

bool Services::wants_event(ServiceIndex service, const StoredRun& run, const StoredEvent& event,
                           Offset offset) {
  const auto* const choosy = router_.choosy(service, run.topic);
  const auto view = read_event(event.bytes);
  if (choosy == nullptr || !view) return true;
  const RunHead head{.source = run.source, .topic = run.topic, .dataschema = run.dataschema};
  JudgedEvent judged{head, *view, router_.parser()};
  return choosy->wants(judged, offset);
}

void Services::read(ServiceIndex service, Reading reading, Offset from) {
  journal_.read(service * readings_per_service + static_cast<std::uint64_t>(reading), from, read_bytes);
}

void Services::deliver(InstanceId to, v1::FromBroker frame, Body batch) {
  ++frames_sent_;
  if (const auto member = members_.find(to); member != members_.end()) {
    frame.mutable_deliver()->set_settled(member->second.settled);
  }
  replies_.send(to, std::move(frame), std::move(batch));
}

}  // namespace reel::broker
