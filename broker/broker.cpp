#include "broker.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "event/batch.h"
#include "event/uuid.h"
#include "ledger/snapshot_file.h"

namespace reel::broker {
namespace {

// Frames taken in one turn before the others get theirs.
constexpr int frames_per_turn = 512;
constexpr std::size_t bytes_per_turn = 16u << 20;
// Bytes waiting to be written before no more frames are taken: the publishers' windows fill, and they wait.
constexpr std::size_t journal_queue_bytes_max = 64u << 20;
// Publishers remembered across reconnects.
constexpr std::size_t producers_max = 10'000;
// Housekeeping: silent sessions, watermarks that are due.
constexpr std::uint64_t tick_ns = 10'000'000;
constexpr std::uint64_t report_interval_ns = 1'000'000'000;
// Segments are kept for days: once a minute is soon enough, and a snapshot before it costs little.
constexpr std::uint64_t retention_interval_ns = 60'000'000'000;
// What a frame carries besides its batch.
constexpr std::size_t frame_head_bytes_max = 1u << 20;

std::uint64_t system_clock_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(now.tv_nsec);
}

std::uint64_t to_ns(config::milliseconds time) {
  return static_cast<std::uint64_t>(time.count()) * 1'000'000u;
}

Received received(const Incoming& incoming) {
  return {incoming.body, incoming.batch()};
}

}  // namespace

Broker::Broker(const config::Model& config, const SchemaSet& schemas, Journal& journal,
               std::filesystem::path snapshot_path)
    : config_{config},
      schemas_{schemas},
      journal_{journal},
      snapshot_path_{std::move(snapshot_path)},
      epoch_{random_nonzero()},
      front_{context_, config.broker.listen, config.broker.batch_bytes_max + frame_head_bytes_max},
      tap_{context_, config.broker.live},
      admission_{config, schemas},
      router_{config},
      resends_{producers_max, config.broker.publish_window_batches},
      chosen_{to_ns(config.broker.dedup_window), config.broker.dedup_ids_max},
      log_{journal, config.broker.tail_bytes_max, system_clock_ns},
      publishing_{
          config, admission_, router_, log_,
          tap_,   resends_,   chosen_, [this](ServiceIndex index) { return services_.listens(index); }},
      sessions_{config.broker.sessions_max, to_ns(config.broker.service_timeout)},
      services_{config, ledger_, journal, log_, router_, publishing_, *this},
      answers_{config, schemas, ledger_, services_, sessions_, publishing_, journal, log_} {
  recover();
  save_snapshot();  // which also notes where the journal begins
}

void Broker::recover() {
  auto saved = read_snapshot(snapshot_path_);
  if (!saved.note.empty()) spdlog::warn("broker    snapshot_ignored reason=\"{}\"", saved.note);
  Offset from = journal_.begin_offset();
  // Not refused: a kill between a retention and the snapshot behind it looks the same.
  if (saved.snapshot && saved.snapshot->begin_offset() != 0 && saved.snapshot->begin_offset() < from) {
    spdlog::warn(
        "journal   begins_later begin_offset={} held_when_last_used={} (deleted by retention, or lost)", from,
        saved.snapshot->begin_offset());
  }
  if (saved.snapshot && saved.snapshot->offset() >= from &&
      saved.snapshot->offset() <= journal_.end_offset()) {
    ledger_.load(*saved.snapshot);
    resends_.load(*saved.snapshot);
    chosen_.load(*saved.snapshot);
    from = saved.snapshot->offset();
  } else if (from > 1) {
    spdlog::error(
        "broker    state_incomplete: no usable snapshot, and the journal begins at offset {}: subscriptions "
        "and "
        "dead letters from before are not known",
        from);
  }
  Offset read = 0;
  journal_.scan(from, [&](const StoredBatchPtr& batch) {
    read += batch->count();
    std::uint32_t published = 0;
    for (const auto& run : batch->runs) {
      if (run.source != broker_source) {
        published += run.event_count;
        continue;
      }
      for (auto index = run.first_event; index < run.first_event + run.event_count; ++index) {
        if (batch->first_offset + index < from || !is_system_topic(run.topic)) continue;
        const auto event = read_event(batch->events[index].bytes);
        if (!event || !ledger_.apply(run.topic, event->data)) {
          spdlog::warn("broker    record_ignored offset={} topic={}", batch->first_offset + index, run.topic);
        }
      }
    }
    if (batch->producer != 0) {
      resends_.remember(batch->producer, {batch->sequence, batch->first_offset, published, batch->log_time});
    }
    chosen_.remember(*batch);
  });
  ledger_.forget_dead_below(journal_.begin_offset());
  services_.recover();
  snapshot_offset_ = from;
  spdlog::info("broker    recovered from_offset={} events_read={} end_offset={} services={}", from, read,
               journal_.end_offset(), services_.names().size());
}

void Broker::run(int stop_fd) {
  std::array<zmq::pollitem_t, 4> items{{{front_.socket().handle(), 0, ZMQ_POLLIN, 0},
                                        {tap_.socket().handle(), 0, ZMQ_POLLIN, 0},
                                        {nullptr, journal_.event_fd(), ZMQ_POLLIN, 0},
                                        {nullptr, stop_fd, ZMQ_POLLIN, 0}}};
  while ((items[3].revents & ZMQ_POLLIN) == 0) {
    const bool room = log_.queued_bytes() < journal_queue_bytes_max;
    items[0].events = room ? ZMQ_POLLIN : short{0};
    zmq::poll(items, until_next_deadline());
    // Whoever could not be heard is not silent.
    if (!room || !take_frames())
      sessions_.each([now = log_.now()](Session& session) { session.last_heard = now; });
    if ((items[1].revents & ZMQ_POLLIN) != 0) tap_.take_subscriptions();
    take_journal();
    services_.turn();
    tick();
  }
  sessions_.each([this](Session& session) {
    v1::FromBroker frame;
    frame.mutable_goodbye();
    front_.send(session.routing_id, frame);
  });
  save_snapshot();
}

bool Broker::take_frames() {
  std::size_t bytes = 0;
  for (int i = 0; i < frames_per_turn && bytes < bytes_per_turn; ++i) {
    const auto incoming = front_.receive();
    if (!incoming) return true;
    bytes += incoming->batch().size();
    on_frame(*incoming);
  }
  return false;
}

void Broker::take_journal() {
  for (auto& done : journal_.take_done()) {
    if (const auto* const committed = std::get_if<Committed>(&done)) {
      log_.committed(*committed, [this](const StoredBatchPtr& batch) {
        tap_.publish(*batch);
        services_.committed(batch);
      });
    } else if (const auto* const read = std::get_if<ReadDone>(&done)) {
      // A damaged place in an old segment concerns who reads it; everybody else goes on.
      if (!read->error.empty()) spdlog::error("journal   read_failed reason=\"{}\"", read->error);
      if (!answers_.take_read(*read)) services_.take_read(*read);
    } else {
      throw JournalError{std::get<WriteFailed>(done).error};
    }
  }
}

std::chrono::milliseconds Broker::until_next_deadline() {
  const auto now = log_.now();
  auto next = next_tick_;
  const auto service_deadline = services_.next_deadline();
  if (service_deadline != 0) next = std::min(next, service_deadline);
  return std::chrono::milliseconds{next <= now ? 0 : (next - now + 999'999) / 1'000'000};
}

void Broker::tick() {
  const auto now = log_.now();
  services_.expire();
  if (now < next_tick_) return;
  next_tick_ = now + tick_ns;
  for (const auto id : std::exchange(unreachable_, {})) {
    if (auto* const session = sessions_.find(id)) end_session(*session, true);
  }
  for (const auto id : sessions_.silent(now)) {
    auto& session = *sessions_.find(id);
    spdlog::warn("broker    instance_lost service={} instance={} silent_ms={}", session.service,
                 session.instance, (now - session.last_heard) / 1'000'000);
    end_session(session, true);
  }
  sessions_.each([&](Session& session) {
    if (session.watermark_interval_ns != 0 && now >= session.next_watermark) {
      session.next_watermark = now + session.watermark_interval_ns;
      beat(session);
    }
  });
  if (now >= next_report_) {
    next_report_ = now + report_interval_ns;
    services_.report_deliveries();
  }
  if (now >= next_retention_) {
    next_retention_ = now + retention_interval_ns;
    // What no snapshot holds yet is in the journal only: subscriptions, floors, dead letters.
    if (log_.committed_end() > snapshot_offset_) save_snapshot();
    if (const auto freed = journal_.retain(std::min(services_.needed_from(), snapshot_offset_), now);
        freed > 0) {
      ledger_.forget_dead_below(journal_.begin_offset());
      save_snapshot();
      spdlog::info("journal   retained begin_offset={} freed_bytes={}", journal_.begin_offset(), freed);
    }
  }
  if (log_.committed_end() >= snapshot_offset_ + config_.broker.snapshot_events) save_snapshot();
}

// ---- frames

void Broker::on_frame(const Incoming& incoming) {
  using Frame = v1::ToBroker;
  if (incoming.frame.frame_case() == Frame::kQuery) return on_query(incoming);
  if (incoming.frame.frame_case() == Frame::kHello) return on_hello(incoming);
  auto* const session = sessions_.find(incoming.routing_id);
  if (session == nullptr) {
    return refuse(incoming.routing_id, v1::REFUSED_NO_SESSION,
                  "say HELLO first: this connection has no session");
  }
  session->last_heard = log_.now();
  switch (incoming.frame.frame_case()) {
    case Frame::kPublish: return on_publish(*session, incoming);
    case Frame::kSubscribe: return services_.subscribe(*session, incoming.frame.subscribe());
    case Frame::kSettle: return services_.settle(*session, incoming.frame.settle(), received(incoming));
    case Frame::kBeat: return on_beat(*session, incoming.frame.beat());
    case Frame::kGoodbye: return on_goodbye(*session);
    default:
      refuse(incoming.routing_id, v1::REFUSED_MALFORMED, "the frame is not of this protocol");
      return end_session(*session, true);
  }
}

void Broker::on_hello(const Incoming& incoming) {
  if (auto* const former = sessions_.find(incoming.routing_id)) end_session(*former, true);
  const auto now = log_.now();
  const auto opened = sessions_.open(incoming.routing_id, incoming.frame.hello(), now);
  if (opened.session == nullptr) return refuse(incoming.routing_id, opened.reason, opened.text);
  v1::FromBroker frame;
  auto& welcome = *frame.mutable_welcome();
  welcome.set_epoch(epoch_);
  welcome.set_log_time(now);
  welcome.set_event_bytes_max(config_.broker.event_bytes_max);
  welcome.set_batch_bytes_max(config_.broker.batch_bytes_max);
  welcome.set_publish_window_bytes(config_.broker.publish_window_bytes);
  welcome.set_publish_window_batches(config_.broker.publish_window_batches);
  welcome.set_beat_interval_ms(static_cast<std::uint32_t>(config_.broker.beat_interval.count()));
  welcome.set_service_timeout_ms(static_cast<std::uint32_t>(config_.broker.service_timeout.count()));
  welcome.set_live_endpoint(live_endpoint());
  send(opened.session->id, std::move(frame), {});
  spdlog::debug("broker    hello service={} instance={}", opened.session->service, opened.session->instance);
}

void Broker::on_publish(Session& session, const Incoming& incoming) {
  const auto& publish = incoming.frame.publish();
  if (publish.producer() == 0 || publish.sequence() == 0) {
    refuse(incoming.routing_id, v1::REFUSED_MALFORMED,
           "a PUBLISH names its producer and its sequence, from 1");
    return end_session(session, true);
  }
  publishing_.publish(publish, received(incoming), session.service,
                      [this, id = session.id](const v1::Accepted& accepted) {
                        v1::FromBroker frame;
                        *frame.mutable_accepted() = accepted;
                        send(id, std::move(frame), {});
                      });
}

void Broker::on_beat(Session& session, const v1::ClientBeat& said) {
  session.handled = said.handled();
  beat(session);
}

void Broker::beat(Session& session) {
  v1::FromBroker frame;
  auto& says = *frame.mutable_beat();
  says.set_epoch(epoch_);
  says.set_watermark(services_.watermark(session));
  says.set_log_time(log_.now());
  says.set_end_offset(log_.committed_end());
  send(session.id, std::move(frame), {});
}

void Broker::on_goodbye(Session& session) {
  // Answered once everything this session sent before is committed: then its last word is the last.
  services_.leave(session, false);
  log_.after_all([this, id = session.id] {
    v1::FromBroker frame;
    frame.mutable_goodbye();
    send(id, std::move(frame), {});
    sessions_.close(id);
  });
}

void Broker::on_query(const Incoming& incoming) {
  if (auto* const session = sessions_.find(incoming.routing_id)) session->last_heard = log_.now();
  answers_.ask(incoming.frame.query(), [this, routing_id = incoming.routing_id](v1::Reply reply) {
    v1::FromBroker frame;
    *frame.mutable_answer() = std::move(reply);
    front_.send(routing_id, frame);
  });
}

void Broker::refuse(const RoutingId& to, v1::RefusedReason reason, std::string text) {
  v1::FromBroker frame;
  frame.mutable_refused()->set_reason(reason);
  frame.mutable_refused()->set_text(std::move(text));
  front_.send(to, frame);
}

void Broker::end_session(Session& session, bool lost) {
  services_.leave(session, lost);
  sessions_.close(session.id);
}

void Broker::send(InstanceId to, v1::FromBroker frame, std::string batch) {
  auto* const session = sessions_.find(to);
  if (session == nullptr || session->unreachable) return;
  if (front_.send(session->routing_id, frame, std::move(batch))) return;
  session->unreachable = true;
  unreachable_.push_back(to);
}

void Broker::save_snapshot() {
  const auto end = log_.committed_end();
  if (log_.appended_end() == end) services_.raise_floors();
  v1::Snapshot snapshot;
  snapshot.set_offset(end);
  snapshot.set_begin_offset(journal_.begin_offset());
  ledger_.save(snapshot);
  resends_.save(snapshot, end);
  chosen_.save(snapshot, end);
  if (const auto wrong = write_snapshot(snapshot_path_, snapshot)) {
    spdlog::warn("broker    snapshot_failed reason=\"{}\"", *wrong);
    return;
  }
  snapshot_offset_ = end;
}

}  // namespace reel::broker
