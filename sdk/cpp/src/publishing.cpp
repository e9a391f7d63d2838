#include "publishing.h"

#include <utility>

#include "event/uuid.h"

namespace reel::sdk {
namespace {

using Clock = std::chrono::steady_clock;

std::string list_of(const std::vector<std::string>& brokers) {
  std::string text;
  for (const auto& broker : brokers) text += (text.empty() ? "" : ", ") + broker;
  return text;
}

PublishResult result_for(const EncodedEvent& event, PublishOutcome outcome) {
  PublishResult result;
  result.outcome = outcome;
  result.id = event.id;
  result.correlationid = event.correlationid;
  return result;
}

}  // namespace

void complete(std::vector<Completion>& completions) {
  for (auto& [callback, result] : completions) callback(result);
  completions.clear();
}

Publishing::Publishing(std::shared_ptr<Connection> connection, Identity identity, const Options& options)
    : connection_{std::move(connection)},
      identity_{std::move(identity)},
      publish_timeout_{options.publish_timeout},
      brokers_{list_of(options.brokers)},
      window_{random_nonzero(), options.publish_buffer_bytes},
      spooling_{Spooling::make(options)} {
  if (!spooling_) return;
  if (spooling_->broken_bytes() != 0)
    connection_->log()(LogLevel::warn, "spool_broken folder=" + spooling_->folder().string() +
                                           " bytes_passed_over=" + std::to_string(spooling_->broken_bytes()));
  if (spooling_->has_events())
    connection_->log()(LogLevel::info, "spool_found folder=" + spooling_->folder().string() +
                                           " events=" + std::to_string(spooling_->events()));
}

Publishing::~Publishing() {
  if (owned_drain_timeout_) {
    drain(*owned_drain_timeout_);
    connection_->end();
  }
  // By now the connection has ended, here or in the service that shares it.
  std::optional<std::string> lost;
  if (spooling_) lost = spooling_->take_over(window_);
  if (lost) connection_->log()(LogLevel::error, "spool_failed why=\"" + *lost + "\"");
  auto completions = window_.abandon(spooling_ && !lost);
  complete(completions);
}

void Publishing::drain(std::chrono::milliseconds timeout) {
  const bool waits = [&] {
    const std::lock_guard lock{mutex_};
    return !spooling_ || link_ == Link::joined;
  }();
  if (waits) flush(timeout);
}

void Publishing::own_connection(std::chrono::milliseconds drain_timeout) {
  owned_drain_timeout_ = drain_timeout;
}

RunHead Publishing::head_of(const Outgoing& event, const EncodedEvent& encoded) const {
  return {.source = event.source.empty() ? std::string_view{identity_.source} : event.source,
          .topic = event.topic,
          .dataschema = event.type,
          .chosen_ids = encoded.chosen_id || spooling_ != nullptr};
}

PublishWindow::Appended Publishing::append(const Outgoing& event, const EncodedEvent& encoded,
                                           PublishCallback& callback) {
  return window_.append(head_of(event, encoded), encoded.bytes, callback);
}

// Nobody answers, or others wait there that come before it.
bool Publishing::must_spool() const {
  return spooling_ && !is_over() && (link_ == Link::connecting || spooling_->has_events());
}

PublishResult Publishing::spool(const Outgoing& event, const EncodedEvent& encoded) {
  if (window_.event_bytes_max() != 0 && encoded.bytes.size() > window_.event_bytes_max())
    return too_large(encoded);
  const bool first = !spooling_->has_events();
  if (auto why = spooling_->keep(head_of(event, encoded), encoded.bytes)) {
    auto result = back_pressured(encoded);
    result.text = std::move(*why);
    return result;
  }
  if (first)
    notes_.emplace_back(LogLevel::warn,
                        "spooling folder=" + spooling_->folder().string() + " why=\"no broker answers\"");
  return result_for(encoded, PublishOutcome::spooled);
}

// An event that cannot be synced is kept all the same, as far as the process goes.
void Publishing::sync_spool() {
  if (const auto why = spooling_->sync())
    notes_.emplace_back(LogLevel::error, "spool_failed why=\"" + *why + "\"");
}

// Outside of the lock: the log is the user's code.
void Publishing::tell_notes() {
  std::vector<std::pair<LogLevel, std::string>> notes;
  {
    const std::lock_guard lock{mutex_};
    notes.swap(notes_);
  }
  for (const auto& [level, line] : notes) connection_->log()(level, line);
}

// Called as a completion: outside of the lock, on the connection's thread.
void Publishing::spooled_answered(std::size_t index, const PublishResult& result) {
  std::string topic;
  bool chunk_done = false, all_done = false;
  {
    const std::lock_guard lock{mutex_};
    topic = spooling_->topic(index);
    chunk_done = spooling_->answered(index, result.outcome);
    all_done = chunk_done && !spooling_->has_events();
  }
  if (result.outcome == PublishOutcome::rejected)
    connection_->log()(LogLevel::error, "spooled_event_refused topic=" + topic + " id=" + result.id +
                                            " why=\"" + result.text + "\"");
  if (all_done) connection_->log()(LogLevel::info, "spool_drained");
  if (!chunk_done) return;
  changed_.notify_all();
  connection_->wake();
}

std::uint64_t Publishing::unanswered() const {
  const auto in_window = window_.appended() - window_.answered();
  return in_window + (spooling_ ? spooling_->events_on_disk_only() : 0);
}

PublishResult Publishing::not_connected(const EncodedEvent& event) const {
  auto result = result_for(event, PublishOutcome::not_connected);
  if (link_ == Link::refused)
    result.text = "the broker refused the connection: " + refusal_;
  else if (link_ == Link::closed)
    result.text = "the connection was closed";
  else
    result.text = "no broker answers at " + brokers_ + " (is it running? REEL_BROKER names another)";
  return result;
}

PublishResult Publishing::too_large(const EncodedEvent& event) {
  window_.count_rejected();
  auto result = result_for(event, PublishOutcome::rejected);
  result.reason = v1::REFUSAL_TOO_LARGE;
  result.text = too_large_text(event.bytes.size(), window_.event_bytes_max());
  return result;
}

PublishResult Publishing::back_pressured(const EncodedEvent& event) {
  window_.count_back_pressured();
  auto result = result_for(event, PublishOutcome::back_pressured);
  result.text = "too many events wait for the broker's answer";
  return result;
}

PublishResult Publishing::publish(const Outgoing& event) {
  struct Answer {
    std::optional<PublishResult> result;
  };
  const auto deadline = Clock::now() + publish_timeout_;
  EncodedEvent encoded;
  encoded.encode(event);
  const auto answer = std::make_shared<Answer>();
  PublishCallback callback = [this, answer](const PublishResult& result) {
    {
      const std::lock_guard lock{mutex_};
      answer->result = result;
    }
    changed_.notify_all();
  };

  std::unique_lock lock{mutex_};
  // Not kept while nobody answers: `not_connected` promises that it will not be published behind your back.
  if (!spooling_ || !waited_) {
    changed_.wait_until(lock, deadline, [this] { return link_ != Link::connecting; });
    waited_ = true;
  }
  while (true) {
    if (must_spool()) {
      auto result = spool(event, encoded);
      if (result.outcome == PublishOutcome::spooled) sync_spool();
      lock.unlock();
      tell_notes();
      return result;
    }
    if (link_ != Link::joined) return not_connected(encoded);
    const auto appended = append(event, encoded, callback);
    if (appended == PublishWindow::Appended::too_large) return too_large(encoded);
    if (appended == PublishWindow::Appended::queued_wake) {
      lock.unlock();
      connection_->wake();
      lock.lock();
    }
    if (appended != PublishWindow::Appended::back_pressured) break;
    const auto may_go_on = [&] { return window_.has_room(encoded.bytes.size()) || link_ != Link::joined; };
    if (!changed_.wait_until(lock, deadline, may_go_on)) {
      return back_pressured(encoded);
    }
  }
  if (changed_.wait_until(lock, deadline, [&] { return answer->result.has_value(); })) return *answer->result;
  auto result = result_for(encoded, PublishOutcome::unconfirmed);
  result.text = "no answer from " + brokers_ + " within " + std::to_string(publish_timeout_.count()) + " ms";
  return result;
}

bool Publishing::publish_async(const Outgoing& event, PublishCallback callback) {
  static thread_local EncodedEvent encoded;
  encoded.encode(event);
  PublishResult known;
  switch (queue(event, encoded, callback, known)) {
    case PublishWindow::Appended::queued: return true;
    case PublishWindow::Appended::queued_wake: connection_->wake(); return true;
    default: break;
  }
  if (spooling_) tell_notes();
  if (callback) callback(known);
  return known.outcome == PublishOutcome::spooled;
}

PublishWindow::Appended Publishing::queue(const Outgoing& event, const EncodedEvent& encoded,
                                          PublishCallback& callback, PublishResult& known) {
  using Appended = PublishWindow::Appended;
  const std::lock_guard lock{mutex_};
  if (is_over()) {
    known = not_connected(encoded);
    return Appended::back_pressured;
  }
  if (must_spool()) {
    known = spool(event, encoded);
    return Appended::back_pressured;
  }
  const auto appended = append(event, encoded, callback);
  if (appended == Appended::too_large) known = too_large(encoded);
  if (appended == Appended::back_pressured) known = back_pressured(encoded);
  return appended;
}

bool Publishing::wait_for_room(std::chrono::milliseconds timeout) {
  std::unique_lock lock{mutex_};
  return changed_.wait_for(
      lock, timeout, [this] { return must_spool() ? spooling_->has_drained() : window_.has_drained(); });
}

std::size_t Publishing::flush(std::chrono::milliseconds timeout) {
  std::unique_lock lock{mutex_};
  const auto until = window_.appended();
  const auto answered = [&] {
    return window_.answered_up_to() >= until && !(spooling_ && spooling_->has_events());
  };
  if (spooling_) sync_spool();
  changed_.wait_for(lock, timeout, [&] { return answered() || is_over(); });
  const auto left = answered() ? 0 : unanswered();
  lock.unlock();
  tell_notes();
  return left;
}

PublisherCounts Publishing::counts() const {
  const std::lock_guard lock{mutex_};
  auto counts = window_.counts();
  if (spooling_) counts.spooled = spooling_->events();
  return counts;
}

void Publishing::welcomed(const v1::Welcome& welcome) {
  {
    const std::lock_guard lock{mutex_};
    window_.welcomed(welcome);
    link_ = Link::joined;
  }
  changed_.notify_all();
}

void Publishing::accepted(const v1::Accepted& accepted) {
  std::vector<Completion> completions;
  {
    const std::lock_guard lock{mutex_};
    completions = window_.accepted(accepted);
  }
  changed_.notify_all();
  complete(completions);
}

void Publishing::lost(const std::string&) {
  const std::lock_guard lock{mutex_};
  window_.lost();
  link_ = Link::connecting;
}

void Publishing::refused(v1::RefusedReason, const std::string& text) {
  {
    const std::lock_guard lock{mutex_};
    window_.lost();
    link_ = Link::refused;
    refusal_ = text;
  }
  changed_.notify_all();
}

void Publishing::closed() {
  {
    const std::lock_guard lock{mutex_};
    window_.lost();
    if (link_ != Link::refused) link_ = Link::closed;
  }
  changed_.notify_all();
}

void Publishing::take(std::vector<Frame>& frames) {
  std::vector<Completion> refused;
  {
    const std::lock_guard lock{mutex_};
    if (spooling_)
      spooling_->refill(
          window_,
          [this](std::size_t index, const PublishResult& result) { spooled_answered(index, result); },
          refused);
    while (auto frame = window_.take(refused)) frames.push_back(std::move(*frame));
  }
  if (refused.empty()) return;
  changed_.notify_all();
  // Who sends may be anybody: callbacks are the connection's thread's.
  connection_->post([refused = std::move(refused)]() mutable { complete(refused); });
}

void Publishing::add_beat(v1::ClientBeat&) {
  const std::lock_guard lock{mutex_};
  if (spooling_) spooling_->beat();
}

}  // namespace reel::sdk
