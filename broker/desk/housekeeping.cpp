// The desk, between frames: what it knows when it begins, what it notes for its next beginning, and what time
// alone brings about.
#include <spdlog/spdlog.h>

#include <algorithm>

#include "desk/desk.h"
#include "dispatch/backoff.h"
#include "event/batch.h"
#include "event/topic.h"

namespace reel::broker {
namespace {

// Bytes waiting to be written before no more frames are taken.
constexpr std::size_t journal_queue_bytes_max = 64u << 20;
// How long a client whose connection broke has to be heard by another one, and then is not lost.
constexpr std::uint64_t reconnecting_ns = 300'000'000;
// And what waits for that: small batches, and frames that only wait for others, such as GOODBYE.
constexpr std::size_t journal_queue_items_max = 1'000'000;
// Silent sessions, watermarks that are due.
constexpr std::uint64_t tick_ns = 10'000'000;
constexpr std::uint64_t report_interval_ns = 1'000'000'000;
// That chosen ids are forgotten before their time is said at once, and then so often while it goes on.
constexpr std::uint64_t ids_warning_interval_ns = 600'000'000'000;

}  // namespace

Offset Desk::recover(const std::optional<v1::Snapshot>& saved) {
  Offset from = journal_.begin_offset();
  // Not refused: a kill between a retention and the snapshot behind it looks the same.
  if (saved && saved->begin_offset() != 0 && saved->begin_offset() < from) {
    spdlog::warn(
        "journal   begins_later begin_offset={} held_when_last_used={} (deleted by retention, or lost)", from,
        saved->begin_offset());
  }
  if (saved && saved->offset() >= from && saved->offset() <= journal_.end_offset()) {
    ledger_.load(*saved);
    resends_.load(*saved);
    chosen_.load(*saved);
    delays_.load(*saved);
    replays_.load(*saved);
    log_.newest().load(*saved);
    // One of a version that did not keep them.
    if (saved->newest_events().empty() && saved->offset() > from)
      journal_.scan(from, [this](const StoredBatchPtr& batch) { log_.newest().take(*batch); });
    from = saved->offset();
  } else if (from > 1) {
    spdlog::error(
        "broker    state_incomplete: no usable snapshot, and the journal begins at offset {}: subscriptions "
        "and dead letters from before are not known",
        from);
  }
  Offset read = 0;
  journal_.scan(from, [&](const StoredBatchPtr& batch) {
    read += batch->count();
    remember(*batch, from);
  });
  // The queues begin with the letters that are left, so no key has to be let go.
  (void)ledger_.forget_dead_below(journal_.begin_offset());
  if (const auto lost = delays_.forget_below(journal_.begin_offset()); lost > 0) {
    spdlog::error("broker    delayed_lost events={} below_offset={}: the journal begins later", lost,
                  journal_.begin_offset());
  }
  services_.recover();
  spdlog::info("broker    recovered from_offset={} events_read={} end_offset={} services={} delayed={}", from,
               read, journal_.end_offset(), services(), delays_.waiting());
  return from;
}

void Desk::serve_reloads(Reread reread, std::function<void(config::Mesh&)> exchange) {
  reloads_.serve(std::move(reread), [this, exchange = std::move(exchange)](config::Mesh& wanted) {
    exchange(wanted);
    take_up();
  });
}

void Desk::reload(const std::string& by) {
  v1::ReloadRequest request;
  request.set_by(by);
  reloads_.ask(request, {}, [](const v1::Reply& reply) {
    if (!reply.reload().refused().empty() || !reply.error().empty())
      spdlog::error("broker    not_reloaded reason=\"{}\"", reply.error() + reply.reload().refused());
  });
}

// The configuration that everybody here refers to is another one: what was made of it is made anew, and what
// was copied from it is copied again.
void Desk::take_up() {
  const auto& broker = config_.broker;
  admission_ = Admission{config_, schemas_};
  router_.take_up(config_, &schemas_);
  publishing_.take_up(config_);
  chosen_.set_limits(nanoseconds_of(broker.dedup_window), broker.dedup_ids_max);
  delays_.set_events_max(broker.delayed_events_max);
  log_.set_tail_bytes_max(broker.tail_bytes_max);
  sessions_.set_sessions_max(broker.sessions_max);
  journal_.set_retention(broker.journal);
  services_.take_up();
  spdlog::info("broker    reloaded config={} digest={}", config_.path, config_.digest);
}

void Desk::retained() {
  for (const auto& [service, key_hash] : ledger_.forget_dead_below(journal_.begin_offset())) {
    if (auto* const queue = services_.find_durable(service)) queue->parked().let_go(key_hash);
  }
}

// What a batch of the journal says, its records behind `from`.
void Desk::remember(const StoredBatch& batch, Offset from) {
  std::uint32_t published = 0;
  for (const auto& run : batch.runs) {
    if (run.source != broker_source || run.topic == delayed_topic) published += run.event_count;
    if (run.source != broker_source) continue;
    for (auto index = run.first_event; index < run.first_event + run.event_count; ++index) {
      if (batch.first_offset + index < from || !is_system_topic(run.topic)) continue;
      const auto event = read_event(batch.events[index].bytes);
      if (!event || !ledger_.apply(
                        {run.topic, event->data, batch.first_offset + index, batch.events[index].key_hash})) {
        spdlog::warn("broker    record_ignored offset={} topic={}", batch.first_offset + index, run.topic);
      }
    }
  }
  if (batch.producer != 0) {
    resends_.remember(batch.producer, {batch.sequence, batch.first_offset, published, batch.log_time});
  }
  chosen_.remember(batch);
  log_.newest().take(batch);
  follow_commands(batch, from);
  if (const auto unreadable = delays_.apply(batch, from); unreadable > 0) {
    spdlog::warn("broker    records_ignored first_offset={} topic={} records={}", batch.first_offset,
                 delayed_topic, unreadable);
  }
}

v1::Snapshot Desk::snapshot() {
  const auto end = log_.committed_end();
  if (log_.appended_end() == end) services_.raise_floors();
  v1::Snapshot snapshot;
  snapshot.set_offset(end);
  snapshot.set_begin_offset(journal_.begin_offset());
  ledger_.save(snapshot);
  resends_.save(snapshot, end);
  chosen_.save(snapshot, end);
  delays_.save(snapshot);
  replays_.save(snapshot);
  log_.newest().save(snapshot);
  return snapshot;
}

void Desk::tick() {
  const auto now = log_.now();
  if (now >= patient_until_) patient_until_ = 0;
  if (journal_is_well() && patient_until_ == 0) services_.expire();
  if (now < next_tick_) return;
  next_tick_ = now + tick_ns;
  end_the_lost();
  if (journal_is_well()) redeliveries_.turn();
  sessions_.each([&](Session& session) {
    if (session.watermark_interval_ns != 0 && now >= session.next_watermark) {
      session.next_watermark = now + session.watermark_interval_ns;
      beat(session);
    }
  });
  if (now >= next_report_) {
    next_report_ = now + report_interval_ns;
    services_.report_deliveries();
    if (journal_is_well()) standings_.look();
    warn_of_forgotten_ids();
  }
}

void Desk::connection_ended() {
  (look_round_at_ == 0 ? look_round_at_ : look_again_at_) = log_.steady_ns() + reconnecting_ns;
}

// ZeroMQ says that a connection has ended, not whose: it is theirs to whom nothing can be sent.
void Desk::end_the_lost() {
  const auto steady_ns = log_.steady_ns();
  const auto silent_ns = [&](const Session& session) { return steady_ns - session.heard_at; };
  if (look_round_at_ != 0 && look_round_at_ <= steady_ns) {
    look_round_at_ = std::exchange(look_again_at_, 0);
    sessions_.each([this](Session& session) { beat(session); });
  }
  auto lost = sessions_.silent(steady_ns);
  lost.insert(lost.end(), unreachable_.begin(), unreachable_.end());
  unreachable_.clear();
  for (const auto id : lost) {
    auto* const session = sessions_.find(id);
    if (session == nullptr) continue;
    // Nobody waits for one that only published, or only looked.
    const bool serves = !session->patterns.empty() && !session->ephemeral;
    if (!session->leaving)
      spdlog::log(serves ? spdlog::level::warn : spdlog::level::info,
                  "broker    instance_lost service={} instance={} silent_ms={}{}", session->service,
                  session->instance, silent_ns(*session) / 1'000'000,
                  session->unreachable ? " (its connection has ended)" : "");
    end_session(*session, true);
  }
}

// The window in which a second event is recognised is shorter than configured, and nobody else would say so.
void Desk::warn_of_forgotten_ids() {
  const auto early = chosen_.forgotten_early();
  const auto now = log_.now();
  if (early == ids_warned_of_ || now < next_ids_warning_) return;
  constexpr std::uint64_t second = 1'000'000'000;
  spdlog::warn(
      "broker    chosen_ids_forgotten_early ids={} dedup_ids_max={} dedup_window_s={} remembered_s={} "
      "(a second event with such an id is accepted)",
      early - ids_warned_of_, config_.broker.dedup_ids_max,
      nanoseconds_of(config_.broker.dedup_window) / second, chosen_.reaches_back_ns(now) / second);
  ids_warned_of_ = early;
  next_ids_warning_ = now + ids_warning_interval_ns;
}

LogTime Desk::next_deadline() const {
  const auto service_deadline = journal_is_well() ? services_.next_deadline() : 0;
  auto next = next_tick_;
  if (service_deadline >= patient_until_ && service_deadline != 0) next = std::min(next, service_deadline);
  for (const auto deadline :
       {replays_.next_deadline(), delaying_.next_deadline(), letter_notices_.next_deadline()}) {
    if (deadline != 0 && journal_is_well()) next = std::min(next, deadline);
  }
  return next;
}

bool Desk::has_room() const {
  const std::size_t times = journal_is_well() ? 1 : 2;
  return log_.queued_bytes() < times * journal_queue_bytes_max &&
         log_.waiting() < times * journal_queue_items_max;
}

void Desk::excuse_silence() {
  sessions_.each([this](Session& session) { hear(session); });
}

void Desk::say_goodbye_to_all() {
  if (journal_is_well()) standings_.look();  // who has left by then has not vanished while nobody looked
  sessions_.each([this](Session& session) {
    v1::FromBroker frame;
    frame.mutable_goodbye();
    (void)send_(session.routing_id, frame, {});
  });
}

}  // namespace reel::broker
