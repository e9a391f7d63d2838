#include "fake_broker.h"

#include "event/batch.h"
#include "event/topic.h"

using namespace reel;
using namespace std::chrono_literals;

FakeBroker::FakeBroker() {
  router_.set(zmq::sockopt::linger, 0);
  router_.bind("tcp://127.0.0.1:*");
  endpoint_ = router_.get(zmq::sockopt::last_endpoint);
  thread_ = std::thread{[this] { run(); }};
}

FakeBroker::~FakeBroker() {
  ending_ = true;
  thread_.join();
}

Options FakeBroker::options() const {
  Options options;
  options.brokers = {endpoint_};
  options.log = {};
  options.reconnect_wait_min = 10ms;
  options.connect_timeout = 500ms;
  return options;
}

void FakeBroker::strike_dumb(bool dumb) {
  const std::lock_guard lock{mutex_};
  dumb_ = dumb;
}

void FakeBroker::restart() {
  const std::lock_guard lock{mutex_};
  ++epoch_;
  sessions_.clear();
  checks_.clear();
}

void FakeBroker::refuse_next(v1::RefusedReason reason, const std::string& text) {
  const std::lock_guard lock{mutex_};
  refuse_next_.set_reason(reason);
  refuse_next_.set_text(text);
}

std::vector<std::string> FakeBroker::journal(const std::string& topic) {
  const std::lock_guard lock{mutex_};
  std::vector<std::string> ids;
  for (const auto& entry : journal_) {
    if (entry.topic == topic) ids.push_back(entry.id);
  }
  return ids;
}

std::set<std::uint64_t> FakeBroker::acked(const std::string& service) {
  const std::lock_guard lock{mutex_};
  return acked_[service];
}

std::vector<v1::Settle::Nack> FakeBroker::nacks() {
  const std::lock_guard lock{mutex_};
  return nacks_;
}

int FakeBroker::goodbyes() {
  const std::lock_guard lock{mutex_};
  return goodbyes_;
}

std::uint32_t FakeBroker::deliveries() {
  const std::lock_guard lock{mutex_};
  std::uint32_t count = 0;
  for (const auto& [offset, attempts] : attempts_) count += attempts;
  return count;
}

int FakeBroker::unheard_settles() {
  const std::lock_guard lock{mutex_};
  return unheard_settles_;
}

std::string FakeBroker::checks(const std::string& service) {
  const std::lock_guard lock{mutex_};
  std::string text;
  for (const auto& check : checks_[service].checks())
    text += (text.empty() ? "" : ", ") + check.name() + (check.failed() ? "! " + check.reason() : "");
  return text;
}

bool FakeBroker::wait_until(const std::function<bool()>& condition) {
  for (const auto deadline = std::chrono::steady_clock::now() + 20s;
       std::chrono::steady_clock::now() < deadline;) {
    if (condition()) return true;
    std::unique_lock lock{mutex_};
    changed_.wait_for(lock, 10ms);
  }
  return false;
}

void FakeBroker::run() {
  while (!ending_) {
    zmq::pollitem_t item{router_.handle(), 0, ZMQ_POLLIN, 0};
    zmq::poll(&item, 1, 5ms);
    std::vector<std::string> parts;
    for (zmq::message_t part; router_.recv(part, zmq::recv_flags::dontwait);) {
      parts.push_back(part.to_string());
      if (part.more()) continue;
      v1::ToBroker message;
      const std::lock_guard lock{mutex_};
      if (parts.size() >= 2 && message.ParseFromString(parts[1])) {
        if (dumb_) {
          unheard_settles_ += message.has_settle() ? 1 : 0;
        } else {
          handle(parts[0], message, parts.size() > 2 ? parts[2] : std::string{});
          deliver();
        }
      }
      parts.clear();
    }
    changed_.notify_all();
  }
}

void FakeBroker::handle(const std::string& peer, const v1::ToBroker& message, const std::string& body) {
  v1::FromBroker reply;
  using Kind = v1::ToBroker::FrameCase;
  const auto kind = message.frame_case();
  if (kind == Kind::kQuery) {
    reply.mutable_answer()->set_id(message.query().id());
    reply.mutable_answer()->set_error("nobody knows");
    return send(peer, reply);
  }
  if (kind != Kind::kHello && !sessions_.contains(peer)) {
    reply.mutable_refused()->set_reason(v1::REFUSED_NO_SESSION);
    reply.mutable_refused()->set_text("say HELLO first");
    return send(peer, reply);
  }
  if (refuse_next_.reason() != v1::REFUSED_UNKNOWN && (kind == Kind::kHello || kind == Kind::kSubscribe)) {
    *reply.mutable_refused() = std::exchange(refuse_next_, {});
    return send(peer, reply);
  }
  auto& session = sessions_[peer];
  switch (kind) {
    case Kind::kHello: {
      session.service = message.hello().service();
      auto& welcome = *reply.mutable_welcome();
      welcome.set_epoch(epoch_);
      welcome.set_event_bytes_max(1u << 20);
      welcome.set_batch_bytes_max(4u << 20);
      welcome.set_publish_window_bytes(8u << 20);
      welcome.set_publish_window_batches(256);
      welcome.set_beat_interval_ms(20);
      welcome.set_service_timeout_ms(1'000);
      break;
    }
    case Kind::kPublish: return publish(peer, message.publish(), body);
    case Kind::kSubscribe: {
      session.subscribe = message.subscribe();
      session.subscribed = true;
      reply.mutable_subscribed()->set_first_offset(1);
      reply.mutable_subscribed()->set_end_offset(journal_.size() + 1);
      break;
    }
    case Kind::kSettle: return settle(peer, message.settle(), body);
    case Kind::kBeat: {
      if (message.beat().has_checks()) checks_[session.service] = message.beat().checks();
      auto& beat = *reply.mutable_beat();
      beat.set_epoch(epoch_);
      beat.set_end_offset(journal_.size() + 1);
      beat.set_watermark(journal_.size() * 1'000 + 500);
      break;
    }
    case Kind::kGoodbye:
      reply.mutable_goodbye();
      send(peer, reply);
      sessions_.erase(peer);
      ++goodbyes_;
      return;
    default: return;
  }
  send(peer, reply);
}

// Takes every event but those on "unknown.topic".
void FakeBroker::publish(const std::string& peer, const v1::Publish& publish, const std::string& body) {
  v1::FromBroker reply;
  auto& accepted = *reply.mutable_accepted();
  accepted.set_sequence(publish.sequence());
  const std::pair batch{publish.producer(), publish.sequence()};
  if (taken_.insert(batch).second) {
    first_offsets_[batch] = journal_.size() + 1;
    append(body);
  } else {
    accepted.set_resend(true);
  }
  accepted.set_first_offset(first_offsets_[batch]);
  std::uint32_t index = 0;
  BatchReader reader{body};
  while (auto run = reader.next_run()) {
    for (auto event = run->next_event(); event; event = run->next_event(), ++index) {
      accepted.add_delayed(1);
      accepted.add_delayed(event->delivertime != 0);
      if (run->head.topic != "unknown.topic") continue;
      auto& refusal = *accepted.add_refusals();
      refusal.set_index(index);
      refusal.set_reason(v1::REFUSAL_UNKNOWN_TOPIC);
      refusal.set_text("unknown topic 'unknown.topic'");
    }
  }
  send(peer, reply);
}

void FakeBroker::append(const std::string& body) {
  std::vector<Entry> delayed;
  BatchReader reader{body};
  while (auto run = reader.next_run()) {
    while (auto event = run->next_event()) {
      const auto& head = run->head;
      if (head.topic == "unknown.topic") continue;
      const bool later = event->delivertime != 0;
      (later ? delayed : journal_)
          .push_back({std::string{head.source}, later ? "reel.delayed" : std::string{head.topic},
                      std::string{head.dataschema}, std::string{event->bytes}, std::string{event->id},
                      std::string{event->key()}});
    }
  }
  journal_.insert(journal_.end(), delayed.begin(), delayed.end());
}

void FakeBroker::settle(const std::string& peer, const v1::Settle& settle, const std::string& body) {
  auto& session = sessions_[peer];
  session.settled = settle.sequence();
  v1::FromBroker reply;
  reply.mutable_settled()->set_sequence(settle.sequence());
  for (const auto& ack : settle.acks()) {
    for (auto offset = ack.first(); offset < ack.first() + ack.count(); ++offset) {
      const auto held = session.held.find(offset);
      if (held == session.held.end() || held->second != ack.delivery()) {
        auto& stale = *reply.mutable_settled()->add_stale();
        stale.set_first(offset);
        stale.set_count(1);
        continue;
      }
      session.held.erase(held);
      acked_[session.service].insert(offset);
    }
  }
  for (const auto& nack : settle.nacks()) {
    nacks_.push_back(nack);
    const auto& key = journal_[nack.offset() - 1].key;
    if (nack.reject()) acked_[session.service].insert(nack.offset());
    // It and what was handed over behind it under its key are taken back.
    std::erase_if(session.held, [&](const auto& held) {
      return held.first >= nack.offset() && journal_[held.first - 1].key == key;
    });
  }
  append(body);
  send(peer, reply);
}

void FakeBroker::deliver() {
  for (auto& [peer, session] : sessions_) {
    if (!session.subscribed) continue;
    for (std::uint64_t offset = 1; offset <= journal_.size(); ++offset) {
      const auto& entry = journal_[offset - 1];
      bool wanted = !acked_[session.service].contains(offset);
      for (const auto& [other, its] : sessions_) {
        if (its.service == session.service && its.held.contains(offset)) wanted = false;
      }
      bool matched = false;
      for (const auto& pattern : session.subscribe.patterns()) matched |= matches(pattern, entry.topic);
      if (!wanted || !matched) continue;
      v1::FromBroker message;
      auto& span = *message.mutable_deliver()->add_spans();
      span.set_offset(offset);
      span.set_count(1);
      span.set_log_time(offset * 1'000);
      const auto attempt = ++attempts_[offset];
      message.mutable_deliver()->set_delivery(attempt);
      message.mutable_deliver()->set_attempt(attempt);
      message.mutable_deliver()->set_settled(session.settled);
      session.held[offset] = attempt;
      BatchWriter writer;
      writer.begin_run({.source = entry.source, .topic = entry.topic, .dataschema = entry.type});
      writer.add_encoded(entry.bytes);
      send(peer, message, writer.take());
    }
  }
}

void FakeBroker::send(const std::string& peer, const v1::FromBroker& message, const std::string& body) {
  (void)router_.send(zmq::buffer(peer), zmq::send_flags::sndmore);
  const auto header = message.SerializeAsString();
  (void)router_.send(zmq::buffer(header), body.empty() ? zmq::send_flags::none : zmq::send_flags::sndmore);
  if (!body.empty()) (void)router_.send(zmq::buffer(body), zmq::send_flags::none);
}
