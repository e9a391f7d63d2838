// The desk, frame by frame.
#include "desk/desk.h"

#include <spdlog/spdlog.h>

#include "event/batch.h"
#include "event/uuid.h"

namespace reel::broker {
namespace {

// Publishers remembered across reconnects.
constexpr std::size_t producers_max = 10'000;

std::uint64_t to_ns(config::milliseconds time) {
  return static_cast<std::uint64_t>(time.count()) * 1'000'000u;
}

Received received(const Incoming& incoming) {
  return {incoming.owner, incoming.batch};
}

}  // namespace

Desk::Desk(const config::Model& config, const SchemaSet& schemas, Journal& journal, LiveTap& tap,
           std::function<std::uint64_t()> system_clock_ns, Send send,
           std::function<std::uint64_t()> steady_clock_ns)
    : config_{config},
      schemas_{schemas},
      journal_{journal},
      tap_{tap},
      send_{std::move(send)},
      epoch_{random_nonzero()},
      admission_{config, schemas},
      router_{config, &schemas},
      resends_{producers_max, config.broker.publish_window_batches},
      chosen_{to_ns(config.broker.dedup_window), config.broker.dedup_ids_max},
      delays_{config.broker.delayed_events_max},
      log_{journal, config.broker.tail_bytes_max, std::move(system_clock_ns), std::move(steady_clock_ns)},
      publishing_{config,    admission_,
                  router_,   log_,
                  tap_,      resends_,
                  chosen_,   delays_,
                  refusals_, [this](ServiceIndex index) { return services_.listens(index); }},
      reads_{journal, log_},
      delaying_{config, delays_, publishing_, reads_, log_},
      sessions_{config.broker.sessions_max, to_ns(config.broker.service_timeout)},
      services_{config, ledger_, journal, log_, router_, publishing_, *this},
      redeliveries_{services_, log_, publishing_, reads_},
      replays_{services_, router_, log_, publishing_, reads_},
      commands_{ledger_, services_, replays_, delaying_, log_, publishing_, reads_},
      letter_notices_{ledger_, log_, publishing_, reads_},
      standings_{config, ledger_, services_, log_, publishing_},
      fates_{ledger_, services_, sessions_, delays_, refusals_, log_},
      reloads_{config, log_, publishing_},
      answers_{config,    schemas,   ledger_, services_, sessions_, publishing_, commands_, replays_,
               delaying_, counters_, reads_,  journal,   log_,      fates_,      reloads_} {}

void Desk::take(const Incoming& incoming) {
  using Frame = v1::ToBroker;
  if (incoming.frame.frame_case() == Frame::kQuery) return on_query(incoming);
  if (incoming.frame.frame_case() == Frame::kHello) return on_hello(incoming);
  auto* const session = sessions_.find(incoming.routing_id);
  if (incoming.frame.frame_case() == Frame::FRAME_NOT_SET) {
    refuse(incoming.routing_id, v1::REFUSED_MALFORMED, "the frame is not of this protocol");
    if (session != nullptr) end_session(*session, true);
    return;
  }
  if (session == nullptr) {
    return refuse(incoming.routing_id, v1::REFUSED_NO_SESSION,
                  "say HELLO first: this connection has no session");
  }
  if (session->leaving) return;  // its goodbye was its last word
  hear(*session);
  switch (incoming.frame.frame_case()) {
    case Frame::kPublish: return on_publish(*session, incoming);
    case Frame::kSubscribe: return services_.subscribe(*session, incoming.frame.subscribe());
    case Frame::kSettle: return services_.settle(*session, incoming.frame.settle(), received(incoming));
    case Frame::kBeat: return on_beat(*session, incoming.frame.beat());
    case Frame::kGoodbye: return on_goodbye(*session);
    default: break;
  }
}

void Desk::hear(Session& session) {
  session.last_heard = log_.now();
  session.heard_at = log_.steady_ns();
}

void Desk::take(JournalDone done) {
  if (const auto* const committed = std::get_if<Committed>(&done)) {
    on_committed(*committed);
  } else if (const auto* const read = std::get_if<ReadDone>(&done)) {
    // A damaged place in an old segment concerns who reads it; everybody else goes on.
    if (!read->error.empty()) spdlog::error("journal   read_failed reason=\"{}\"", read->error);
    if (!reads_.take_read(*read)) services_.take_read(*read);
  } else if (const auto* const failing = std::get_if<WriteFailing>(&done)) {
    spdlog::error("journal   write_failing reason=\"{}\" (publishes are refused until it can be written)",
                  failing->error);
    log_.failing(failing->error);
  } else {
    spdlog::error("journal   delete_failed reason=\"{}\" (tried again every second)",
                  std::get<DeleteFailed>(done).error);
  }
}

void Desk::on_committed(const Committed& committed) {
  if (!log_.trouble().empty()) {
    patient_until_ = log_.now() + to_ns(config_.broker.service_timeout);
    spdlog::info("journal   written_again after_ms={}", (log_.now() - log_.trouble_since()) / 1'000'000);
  }
  log_.committed(committed, [this](const StoredBatchPtr& batch) {
    tap_.publish(*batch);
    services_.committed(batch);
    delaying_.committed(*batch);
    follow_commands(*batch, 0);
  });
}

// What the ledger does not follow.
void Desk::follow_commands(const StoredBatch& batch, Offset from) {
  for (const auto& run : batch.runs) {
    if (run.topic != control_topic || run.source != broker_source) continue;
    for (auto index = run.first_event; index < run.first_event + run.event_count; ++index) {
      const Offset offset = batch.first_offset + index;
      const auto event = offset < from ? std::nullopt : read_event(batch.events[index].bytes);
      v1::Command command;
      if (event && command.ParseFromArray(event->data.data(), static_cast<int>(event->data.size()))) {
        replays_.apply(command, offset);
      }
    }
  }
}

void Desk::on_hello(const Incoming& incoming) {
  if (auto* const former = sessions_.find(incoming.routing_id)) end_session(*former, true);
  const auto now = log_.now();
  const auto opened = sessions_.open(incoming.routing_id, incoming.frame.hello(), now, log_.steady_ns());
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
  welcome.set_live_endpoint(tap_.endpoint());
  send(opened.session->id, std::move(frame), {});
  spdlog::debug("broker    hello service={} instance={}", opened.session->service, opened.session->instance);
}

void Desk::on_publish(Session& session, const Incoming& incoming) {
  const auto& publish = incoming.frame.publish();
  if (publish.producer() == 0 || publish.sequence() == 0) {
    refuse(incoming.routing_id, v1::REFUSED_MALFORMED,
           "a PUBLISH names its producer and its sequence, from 1");
    return end_session(session, true);
  }
  publishing_.publish(
      publish, received(incoming), session.service,
      [this, id = session.id](v1::Accepted accepted) { accepted_.emplace_back(id, std::move(accepted)); });
}

void Desk::answer_publishers() {
  for (auto& [id, accepted] : accepted_) {
    v1::FromBroker frame;
    *frame.mutable_accepted() = std::move(accepted);
    send(id, std::move(frame), {});
  }
  accepted_.clear();
}

void Desk::on_beat(Session& session, const v1::ClientBeat& said) {
  session.handled = said.handled();
  if (said.has_checks()) counters_.checks_cut(sessions_.keep_checks(session, said.checks(), log_.now()));
  services_.told(session, said);
  beat(session);
}

void Desk::beat(Session& session) {
  v1::FromBroker frame;
  auto& says = *frame.mutable_beat();
  says.set_epoch(epoch_);
  says.set_watermark(services_.watermark(session));
  says.set_log_time(log_.now());
  says.set_end_offset(log_.committed_end());
  send(session.id, std::move(frame), {});
}

void Desk::on_goodbye(Session& session) {
  // Answered once everything this session sent before is committed: then its last word is the last.
  services_.leave(session, false);
  session.leaving = true;
  log_.after_all([this, id = session.id] {
    answer_publishers();
    v1::FromBroker frame;
    frame.mutable_goodbye();
    send(id, std::move(frame), {});
    sessions_.close(id);
  });
}

void Desk::on_query(const Incoming& incoming) {
  if (auto* const session = sessions_.find(incoming.routing_id)) hear(*session);
  answers_.ask(incoming.frame.query(), [this, routing_id = incoming.routing_id](v1::Reply reply) {
    v1::FromBroker frame;
    *frame.mutable_answer() = std::move(reply);
    (void)this->answer(routing_id, frame);
  });
}

void Desk::refuse(const RoutingId& to, v1::RefusedReason reason, std::string text) {
  v1::FromBroker frame;
  frame.mutable_refused()->set_reason(reason);
  frame.mutable_refused()->set_text(std::move(text));
  (void)answer(to, frame);
}

bool Desk::answer(const RoutingId& to, const v1::FromBroker& frame, Body batch) {
  counters_.count(frame);
  return send_(to, frame, std::move(batch));
}

void Desk::end_session(Session& session, bool lost) {
  services_.leave(session, lost);
  sessions_.close(session.id);
}

void Desk::send(InstanceId to, v1::FromBroker frame, Body batch) {
  auto* const session = sessions_.find(to);
  if (session == nullptr || session->unreachable) return;
  if (answer(session->routing_id, frame, std::move(batch))) return;
  session->unreachable = true;
  unreachable_.push_back(to);
}

}  // namespace reel::broker
