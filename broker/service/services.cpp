#include "service/services.h"

#include <algorithm>
#include <cassert>
#include <limits>

#include "event/batch.h"
#include "event/topic.h"
#include "event/uuid.h"

namespace reel::broker {
namespace {

// A subscription with more patterns than this is a mistake or an attack.
constexpr int patterns_max = 1'000;
// Unsettled deliveries an instance may ask for, and what it gets without asking.
constexpr std::uint32_t credit_events_max = 1'000'000;
constexpr std::uint32_t credit_events_default = 1'000;
constexpr std::uint32_t credit_bytes_max = 256u << 20;
constexpr std::uint32_t credit_bytes_default = 8u << 20;
// One stretch read from the journal for a service that is behind.
constexpr std::size_t read_bytes = 1u << 20;
// A place that cannot be read is tried again this often: someone may have restored the file. Each try is
// logged.
constexpr std::uint64_t read_retry_ns = 10'000'000'000;

v1::FromBroker refused(v1::RefusedReason reason, std::string text) {
  v1::FromBroker frame;
  frame.mutable_refused()->set_reason(reason);
  frame.mutable_refused()->set_text(std::move(text));
  return frame;
}

std::string encode_own(std::string_view topic, std::string_view service,
                       const google::protobuf::Message& message, LogTime now) {
  const auto id = uuid_v7(now);
  const auto data = message.SerializeAsString();
  BatchWriter writer;
  writer.begin_run(
      {.source = broker_source, .topic = topic, .dataschema = message.GetDescriptor()->full_name()});
  writer.add({.id = id, .correlationid = service, .time = now, .data = data});
  return writer.take();
}

std::vector<std::string> names_of(const std::vector<v1::Pattern>& patterns) {
  std::vector<std::string> names;
  for (const auto& pattern : patterns) names.push_back(pattern.pattern());
  return names;
}

// Which delivery number a SETTLE names for an offset it acks.
class AckedDeliveries {
 public:
  explicit AckedDeliveries(std::vector<AckRange> acks) : acks_{std::move(acks)} {
    std::sort(acks_.begin(), acks_.end(),
              [](const AckRange& a, const AckRange& b) { return a.first < b.first; });
  }
  [[nodiscard]] std::optional<std::uint32_t> find(Offset offset) const {
    const auto behind =
        std::upper_bound(acks_.begin(), acks_.end(), offset,
                         [](Offset wanted, const AckRange& ack) { return wanted < ack.first; });
    if (behind == acks_.begin()) return std::nullopt;
    const auto& ack = *std::prev(behind);
    return offset < ack.first + ack.count ? std::optional{ack.delivery} : std::nullopt;
  }

 private:
  std::vector<AckRange> acks_;
};

// `acks` without the offsets in `left_out`.
std::vector<AckRange> without(std::vector<AckRange> acks, const std::map<Offset, v1::Refusal>& left_out) {
  if (left_out.empty()) return acks;
  std::vector<AckRange> kept;
  for (const auto& ack : acks) {
    Offset first = ack.first;
    const Offset end = ack.first + ack.count;
    for (auto hole = left_out.lower_bound(first); hole != left_out.end() && hole->first < end; ++hole) {
      if (hole->first > first)
        kept.push_back({first, static_cast<std::uint32_t>(hole->first - first), ack.delivery});
      first = hole->first + 1;
    }
    if (first < end) kept.push_back({first, static_cast<std::uint32_t>(end - first), ack.delivery});
  }
  return kept;
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
      recovered_end_{log.committed_end()} {}

void Services::recover() {
  for (const auto& [name, record] : ledger_.services()) {
    if (record.patterns.empty()) continue;
    Offset next = log_.committed_end();
    for (const auto& pattern : record.patterns) next = std::min(next, pattern.from_offset());
    auto& queue = open(name, false, std::max({next, record.floor, journal_.begin_offset()}));
    queue.set_patterns(record.patterns);
    router_.subscribe(by_name_.at(name), names_of(record.patterns));
  }
}

// A part of Reel takes events in order and remembers how far it is: giving up on one, or trying it again
// behind newer ones, would leave a hole in what it knows. Its silence alone says that it is gone.
config::Service Services::policy_of(const std::string& name) const {
  const auto configured = config_.services.find(name);
  auto policy = configured == config_.services.end() ? config::Service{} : configured->second;
  if (is_system_service(name)) {
    policy.retry.attempts = std::numeric_limits<int>::max();
    policy.ack_timeout = std::chrono::hours{24 * 365};
  }
  return policy;
}

ServiceQueue& Services::open(const std::string& name, bool ephemeral, Offset next) {
  ServiceIndex index = queues_.size();
  if (free_.empty()) {
    queues_.emplace_back();
  } else {
    index = free_.back();
    free_.pop_back();
  }
  auto& slot = queues_[index];
  slot = std::make_unique<ServiceQueue>(
      ServiceQueue::Options{.name = name,
                            .index = index,
                            .policy = policy_of(name),
                            .window_events_max = config_.broker.service_window_events_max,
                            .ephemeral = ephemeral,
                            .next = next,
                            .recovered = ephemeral ? nullptr : ledger_.find(name),
                            .recovered_end = ephemeral ? 0 : recovered_end_,
                            .jitter_seed = random_nonzero()});
  by_name_[name] = index;
  return *slot;
}

void Services::close(ServiceIndex index) {
  auto& slot = queues_[index];
  by_name_.erase(slot->name());
  router_.unsubscribe(index);
  touched_.erase(index);
  slot.reset();
  free_.push_back(index);
}

const ServiceQueue* Services::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : queues_[found->second].get();
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
  touched_.insert(by_name_.at(queue.name()));
}

// ---- subscribing

Offset Services::start_offset(const v1::Subscribe& request) {
  switch (request.start_case()) {
    case v1::Subscribe::kFromStart: return journal_.begin_offset();
    case v1::Subscribe::kFromOffset:
      return std::clamp(request.from_offset(), journal_.begin_offset(), log_.appended_end());
    case v1::Subscribe::kFromTime: return journal_.offset_at(request.from_time());
    default: return log_.appended_end();
  }
}

// What the service wants from now on: what its live instances subscribed to and what this one does. A pattern
// keeps its beginning; a new one begins at `start`.
std::vector<v1::Pattern> Services::patterns_for(const Session& session, const v1::Subscribe& request,
                                                Offset start) const {
  std::set<std::string> names{request.patterns().begin(), request.patterns().end()};
  for (const auto& [id, member] : members_) {
    if (member.service != session.service || id == session.id) continue;
    const auto& theirs = member_patterns_.at(id);
    names.insert(theirs.begin(), theirs.end());
  }
  // Asked of the queue, not of the ledger: that learns of a subscription only once it is committed, and two
  // instances may start together.
  const auto* const queue = find(session.service);
  std::vector<v1::Pattern> patterns;
  for (const auto& name : names) {
    v1::Pattern pattern;
    pattern.set_pattern(name);
    pattern.set_from_offset(start);
    if (queue != nullptr) {
      for (const auto& known : queue->patterns()) {
        if (known.pattern() == name) pattern = known;
      }
    }
    patterns.push_back(std::move(pattern));
  }
  return patterns;
}

void Services::subscribe(Session& session, const v1::Subscribe& request) {
  if (request.patterns().empty() || request.patterns_size() > patterns_max) {
    replies_.send(session.id, refused(v1::REFUSED_LIMIT,
                                      "a subscription has 1 to " + std::to_string(patterns_max) +
                                          " patterns, not " + std::to_string(request.patterns_size())));
    return;
  }
  for (const auto& pattern : request.patterns()) {
    if (const auto wrong = check_pattern(pattern)) {
      replies_.send(session.id, refused(v1::REFUSED_BAD_PATTERN, "bad pattern: " + *wrong));
      return;
    }
  }
  leave(session, false);  // subscribing again replaces
  // An ephemeral subscription shares with nobody. '#' is in no service's name.
  const auto name = request.ephemeral()
                        ? session.service + "#" + std::to_string(static_cast<std::uint32_t>(session.id))
                        : session.service;
  session.queue = name;
  supersede(session);
  const bool opened = by_name_.contains(name);
  if (!opened && by_name_.size() >= config_.broker.services_max) {
    replies_.send(session.id,
                  refused(v1::REFUSED_LIMIT, "services_max (" + std::to_string(config_.broker.services_max) +
                                                 ") services are known"));
    return;
  }
  session.patterns.assign(request.patterns().begin(), request.patterns().end());
  session.ephemeral = request.ephemeral();
  session.envelope_only = request.envelope_only();
  session.watermark_interval_ns = std::uint64_t{request.watermark_interval_ms()} * 1'000'000;

  const auto* const record = ledger_.find(name);
  const bool known = opened || (record != nullptr && !record->patterns.empty());
  const auto start = known ? log_.appended_end() : start_offset(request);
  const auto patterns = patterns_for(session, request, start);
  members_[session.id] = {name, session.instance};
  member_patterns_[session.id] = session.patterns;

  if (!opened) (void)open(name, request.ephemeral(), start);
  const auto index = by_name_.at(name);
  auto& queue = *queues_[index];
  const auto same = [](const v1::Pattern& a, const v1::Pattern& b) {
    return a.pattern() == b.pattern() && a.from_offset() == b.from_offset();
  };
  const auto& had = queue.patterns();
  const bool changed = !std::equal(patterns.begin(), patterns.end(), had.begin(), had.end(), same);
  queue.set_patterns(patterns);
  router_.subscribe(index, names_of(patterns));
  const auto ready = [this, id = session.id, request, start] { activate(id, request, start); };
  if (queue.ephemeral() || !changed) return log_.after_all(ready);

  v1::SubscriptionChanged subscription;
  subscription.set_service(session.service);
  *subscription.mutable_patterns() = {patterns.begin(), patterns.end()};
  publishing_.append({}, encode_own(subscription_topic, session.service, subscription, log_.now()),
                     [ready](const StoredBatchPtr&) { ready(); });
}

void Services::activate(InstanceId id, const v1::Subscribe& request, Offset first) {
  const auto member = members_.find(id);
  if (member == members_.end()) return;  // gone meanwhile
  auto& queue = *queues_[by_name_.at(member->second.service)];
  const auto events = request.credit_events() == 0 ? credit_events_default : request.credit_events();
  const auto bytes = request.credit_bytes() == 0 ? credit_bytes_default : request.credit_bytes();
  queue.join({.id = id,
              .credit_events = std::min(events, credit_events_max),
              .credit_bytes = std::min(bytes, credit_bytes_max),
              .envelope_only = request.envelope_only()});
  v1::FromBroker frame;
  auto& subscribed = *frame.mutable_subscribed();
  subscribed.set_first_offset(queue.behind() ? queue.floor(log_.committed_end())
                                             : std::max(first, log_.committed_end()));
  subscribed.set_end_offset(log_.committed_end());
  subscribed.set_log_time(log_.now());
  replies_.send(id, std::move(frame));
  touch(queue);
}

// The same instance in a former session that is not yet known to be over: it has lost that connection, or was
// started again. What it held there comes to it now, before anything newer does.
void Services::supersede(const Session& session) {
  for (const auto& [id, member] : members_) {
    if (id == session.id || member.service != session.queue || member.instance != session.instance) continue;
    return leave(id, false);
  }
}

void Services::leave(const Session& session, bool lost) {
  leave(session.id, lost);
}

void Services::leave(InstanceId id, bool lost) {
  const auto member = members_.find(id);
  if (member == members_.end()) return;
  const auto instance = member->second.instance;
  const auto index = by_name_.at(member->second.service);
  auto& queue = *queues_[index];
  (void)queue.take_delivered(id);  // the failures name what it held
  auto settlement = queue.leave(id, lost, log_.now());
  members_.erase(member);
  member_patterns_.erase(id);
  if (queue.ephemeral()) {
    if (!queue.has_members()) close(index);
    return;
  }
  journal_report(queue, id, instance, settlement);
  touch(queue);
}

// ---- settling

bool Services::observes_deliveries(std::string_view service) const {
  const auto found = by_name_.find(service);
  if (found == by_name_.end()) return false;
  const auto& listening = router_.route(delivery_topic).services;
  return std::binary_search(listening.begin(), listening.end(), found->second);
}

std::string Services::report(ServiceQueue& queue, InstanceId id, std::string_view instance,
                             const Settlement& settlement) {
  auto made = report_of(queue.name(), instance, settlement);
  const auto delivered = queue.take_delivered(id);
  if (!made && delivered.empty()) return {};
  v1::DeliveryReport report = made ? std::move(*made) : v1::DeliveryReport{};
  report.set_service(queue.name());
  report.set_instance(std::string{instance});
  for (auto& range : pack(delivered)) *report.add_delivered() = std::move(range);
  report.set_floor(queue.floor(log_.committed_end()));
  return encode_own(observes_deliveries(queue.name()) ? ledger_topic : delivery_topic, queue.name(), report,
                    log_.now());
}

void Services::journal_report(ServiceQueue& queue, InstanceId id, std::string_view instance,
                              const Settlement& settlement) {
  if (queue.ephemeral()) return;
  auto own = report(queue, id, instance, settlement);
  if (!own.empty()) publishing_.append({}, std::move(own), {});
}

void Services::settle(Session& session, const v1::Settle& settle, const Received& received) {
  const auto member = members_.find(session.id);
  v1::FromBroker answer;
  auto& settled = *answer.mutable_settled();
  settled.set_sequence(settle.sequence());
  if (member == members_.end()) {  // never subscribed: every answer is to a delivery that was not made
    for (const auto& ack : settle.acks()) {
      auto& stale = *settled.add_stale();
      stale.set_first(ack.first());
      stale.set_count(ack.count());
    }
    replies_.send(session.id, std::move(answer));
    return;
  }
  auto& queue = *queues_[by_name_.at(member->second.service)];

  std::vector<AckRange> acks;
  acks.reserve(static_cast<std::size_t>(settle.acks_size()));
  for (const auto& ack : settle.acks()) acks.push_back({ack.first(), ack.count(), ack.delivery()});
  std::vector<Nack> nacks;
  for (const auto& nack : settle.nacks()) {
    nacks.push_back({.offset = nack.offset(),
                     .delivery = nack.delivery(),
                     .error_type = nack.error_type(),
                     .error = nack.error(),
                     .delay = config::milliseconds{nack.delay_ms()},
                     .reject = nack.reject()});
  }

  Publishing::Emitted emitted;
  if (!received.batch.empty()) {
    const AckedDeliveries deliveries{acks};
    emitted = publishing_.admit_emitted(received, settle.emitted(), session.service, [&](Offset offset) {
      const auto delivery = deliveries.find(offset);
      return delivery && queue.dispatch().holds(session.id, offset, *delivery);
    });
    for (const auto& [offset, refusal] : emitted.refused) {
      if (const auto delivery = deliveries.find(offset)) {
        nacks.push_back({.offset = offset,
                         .delivery = *delivery,
                         .error_type = "reel.EmitRefused",
                         .error = refusal.text()});
      }
      auto& told = *settled.add_refused();
      told.set_offset(offset);
      *told.mutable_refusal() = refusal;
    }
    acks = without(std::move(acks), emitted.refused);
  }

  member->second.settled = settle.sequence();
  auto settlement = queue.dispatch().settle(session.id, acks, nacks, log_.now());
  for (auto& range : settlement.stale) *settled.add_stale() = std::move(range);
  auto own = queue.ephemeral() ? std::string{} : report(queue, session.id, session.instance, settlement);
  publishing_.append(std::move(emitted.admitted), std::move(own),
                     [this, id = session.id, answer = std::move(answer)](const StoredBatchPtr&) {
                       replies_.send(id, answer);
                     });
  touch(queue);
}

// ---- what the log brings

void Services::committed(const StoredBatchPtr& batch) {
  for (const auto& run : batch->runs) {
    if (run.source == broker_source && is_system_topic(run.topic)) {
      for (auto index = run.first_event; index < run.first_event + run.event_count; ++index) {
        const auto event = read_event(batch->events[index].bytes);
        [[maybe_unused]] const bool applied = event && ledger_.apply(run.topic, event->data);
        assert(applied && "the broker's own records are well-formed");
      }
    }
    if (run.topic == ledger_topic) continue;
    for (const auto service : router_.route(run.topic).services) {
      queues_[service]->wake(batch->first_offset + run.first_event);
      touched_.insert(service);
    }
  }
}

void Services::take_read(const ReadDone& done) {
  const auto index = static_cast<std::size_t>(done.token);
  if (index >= queues_.size() || !queues_[index]) return;
  if (!done.error.empty()) {
    queues_[index]->read_failed(log_.now() + read_retry_ns);
    return;
  }
  queues_[index]->take_read(done.batches, journal_.begin_offset());
  touched_.insert(index);
}

void Services::turn() {
  const auto now = log_.now();
  for (const auto index : std::exchange(touched_, {})) {
    auto& queue = queues_[index];
    if (!queue) continue;
    const auto lost = queue->turn(now, *this);
    if (!lost.failures.empty()) journal_report(*queue, InstanceId{}, {}, lost);
  }
}

void Services::expire() {
  const auto now = log_.now();
  for (const auto& queue : queues_) {
    if (!queue) continue;
    const auto due = queue->dispatch().next_deadline();
    if (!due || *due > now) continue;
    journal_report(*queue, InstanceId{}, {}, queue->dispatch().expire(now));
    touch(*queue);
  }
}

void Services::report_deliveries() {
  for (const auto& [id, member] : members_) {
    auto& queue = *queues_[by_name_.at(member.service)];
    journal_report(queue, id, member.instance, {});
    touch(queue);  // one whose read failed asks again in its turn
  }
}

LogTime Services::next_deadline() const {
  LogTime next = 0;
  for (const auto& queue : queues_) {
    if (!queue) continue;
    const auto due = queue->dispatch().next_deadline();
    if (due && (next == 0 || *due < next)) next = *due;
  }
  return next;
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
    if (queue && !queue->ephemeral()) needed = std::min(needed, queue->floor(log_.committed_end()));
  }
  return needed;
}

// ---- DeliveryEdge

bool Services::wants(ServiceIndex service, std::string_view topic) {
  if (topic == ledger_topic) return false;
  const auto& listening = router_.route(topic).services;
  return std::binary_search(listening.begin(), listening.end(), service);
}

void Services::read(ServiceIndex service, Offset from) {
  journal_.read(service, from, read_bytes);
}

void Services::deliver(InstanceId to, v1::FromBroker frame, std::string batch) {
  if (const auto member = members_.find(to); member != members_.end()) {
    frame.mutable_deliver()->set_settled(member->second.settled);
  }
  replies_.send(to, std::move(frame), std::move(batch));
}

}  // namespace reel::broker
