#include "deliveries.h"

#include <functional>
#include <limits>
#include <utility>

namespace reel::sdk {
namespace {

unsigned worker_count(const Options& options) {
  if (options.workers != 0) return options.workers;
  return std::max(1u, std::thread::hardware_concurrency());
}

}  // namespace

Deliveries::Deliveries(Connection& connection, const HandlerRegistry& registry, const Identity& identity,
                       const Options& options, std::function<void()> when_refused)
    : connection_{connection},
      when_refused_{std::move(when_refused)},
      handlers_{registry},
      by_worker_{make_workers(worker_count(options) + 1, identity)},
      settles_{worker_count(options), options.settle_buffer_bytes, finished_, [this] { connection_.wake(); }},
      batches_{make_batches(registry, identity, options)},
      workers_{worker_count(options),
               [this](unsigned worker, const Task& task) { return handle(worker, task); },
               [this](std::uint64_t key_hash) { return batches_->release(key_hash); }} {
  if (batches_) batches_->start();
}

// None where nothing is handled in batches: then an event costs nothing for them.
std::unique_ptr<Batches> Deliveries::make_batches(const HandlerRegistry& registry, const Identity& identity,
                                                  const Options& options) {
  if (registry.batches().empty()) return nullptr;
  return std::make_unique<Batches>(
      registry.batches(), identity, options, settles_,
      Batches::Surroundings{
          .wake = [this] { connection_.wake(); },
          .freed = [this](std::span<const std::uint64_t> keys) { workers_.freed(keys); },
          .still_wanted = [this](const Task& task) { return workers_.still_wanted(task); },
          .emit_limits = [this] { return emit_limits(); },
          .too_late = [this](std::uint64_t events) { count_stale(events); },
          .log = [this](LogLevel level, const std::string& line) { connection_.log()(level, line); }});
}

std::vector<std::unique_ptr<Deliveries::Worker>> Deliveries::make_workers(unsigned count,
                                                                          const Identity& identity) {
  std::vector<std::unique_ptr<Worker>> workers;
  for (unsigned i = 0; i < count; ++i) workers.push_back(std::make_unique<Worker>(identity));
  return workers;
}

Deliveries::~Deliveries() {
  settles_.close();
  if (batches_) batches_->end();
}

bool Deliveries::drain(Time deadline) {
  draining_ = true;
  workers_.begin_no_more();
  if (batches_) batches_->begin_no_more();
  if (!workers_.wait_idle(deadline) || (batches_ && !batches_->wait_idle(deadline))) return false;
  connection_.post([this] { tell_if_settled(); });
  std::unique_lock lock{settled_mutex_};
  return settled_changed_.wait_until(lock, deadline, [this] { return all_settled_; });
}

ServiceCounts Deliveries::counts() const {
  ServiceCounts counts;
  for (const auto& worker : by_worker_) {
    counts.handled += worker->handled.load(std::memory_order_relaxed);
    counts.failed += worker->failed.load(std::memory_order_relaxed);
  }
  counts.dropped = workers_.dropped();
  if (batches_) batches_->add_counts(counts);
  counts.repeated = repeated_.load(std::memory_order_relaxed);
  counts.stale = stale_.load(std::memory_order_relaxed);
  return counts;
}

void Deliveries::welcomed(const v1::Welcome& welcome) {
  finished_.session_begins(std::chrono::steady_clock::now());
  if (welcome.event_bytes_max() != 0) event_bytes_max_ = welcome.event_bytes_max();
  if (welcome.batch_bytes_max() != 0) batch_bytes_max_ = welcome.batch_bytes_max();
  // Who has settled nothing for two of these is taken for stuck, and gathering settles nothing.
  if (batches_ && welcome.service_timeout_ms() != 0)
    batches_->set_wait_max(std::chrono::milliseconds{welcome.service_timeout_ms()});
}

void Deliveries::subscribed(const v1::Subscribed& subscribed) {
  connection_.log()(LogLevel::info, "subscribed broker=" + connection_.broker() +
                                        " first_offset=" + std::to_string(subscribed.first_offset()));
}

void Deliveries::delivered(const v1::Deliver& deliver, Body body) {
  // What comes during the drain goes back to the broker with the goodbye.
  if (draining_.load(std::memory_order_relaxed)) return;
  auto frame = read_delivery(deliver, std::move(body), session_, handlers_, tasks_);
  if (!frame) return connection_.give_up("a delivery that cannot be read came from " + connection_.broker());
  if (tasks_.empty()) return;
  frame.release();  // its last task deletes it
  if (workers_.add_or_help(tasks_)) connection_.step_aside_for(*this);
}

Handled Deliveries::handle(unsigned index, const Task& task) {
  if (!finished_.empty() && settle_as_before(task)) return Handled::done;
  if (batches_ && batches_->keep(task)) return Handled::kept;
  auto& worker = *by_worker_[index];
  auto failed = run_handlers(worker, task);
  const Delivery delivery = delivery_of(task);
  auto& count = failed ? worker.failed : worker.handled;
  count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  const bool ok = !failed;
  if (ok && workers_.is_taken_back(task)) {
    // Before the worker goes on: it may be the next it finds.
    settles_.ack_too_late(delivery, worker.context.emits());
    count_stale(1);
    return Handled::done;
  }
  const bool wake =
      ok ? settles_.ack(delivery, worker.context.emits()) : settles_.nack(delivery, std::move(*failed));
  if (wake) connection_.wake();
  return ok ? Handled::done : Handled::failed;
}

void Deliveries::count_stale(std::uint64_t events) {
  stale_.fetch_add(events, std::memory_order_relaxed);
  connection_.log()(LogLevel::warn, "settled_too_late events=" + std::to_string(events) +
                                        " (their ack_timeout passed, or another instance has them)");
}

// Its handler returned in a session that is gone, or too late.
bool Deliveries::settle_as_before(const Task& task) {
  const Delivery delivery = delivery_of(task);
  const auto result = finished_.take({delivery.offset, delivery.time});
  if (!result) return false;
  repeated_.fetch_add(1, std::memory_order_relaxed);
  if (settles_.ack(delivery, result->emits())) connection_.wake();
  return true;
}

EmitLimits Deliveries::emit_limits() const {
  return {.event_bytes_max = event_bytes_max_.load(std::memory_order_relaxed),
          .batch_bytes_max = batch_bytes_max_.load(std::memory_order_relaxed)};
}

std::optional<Failed> Deliveries::run_handlers(Worker& worker, const Task& task) {
  const auto& run = task.frame->runs[task.run];
  const auto event = read_event(task.bytes);
  if (!event) return not_an_event();
  if (run.handlers->handlers.empty()) return no_handler(run.head.topic);
  worker.context.begin(run.head, *event, task.origin, task.recordedtime, task.frame->attempt, emit_limits());
  worker.context.redelivery = task.frame->redelivery;
  worker.context.when_in_progress = [this, &task] {
    if (settles_.in_progress(delivery_of(task))) connection_.wake();
  };
  const auto& wanting = worker.context.choose(*run.handlers);
  if (wanting.handlers.empty()) return no_handler_wants(run.head.topic);
  auto failed = worker.context.run(wanting);
  if (failed) {
    connection_.log()(LogLevel::debug, failure_line(run.head.topic, event->id, task.frame->attempt, *failed));
  }
  return failed;
}

void Deliveries::settled(const v1::Settled& settled) {
  const auto answer = settles_.settled(settled);
  for (const auto key : answer.answered_keys) workers_.answered(key, settled.sequence());
  for (const auto key : answer.refused_keys) {
    workers_.drop_key(key, settled.sequence());
    if (batches_) batches_->drop_key(key, settled.sequence());
  }
  if (answer.stale != 0) count_stale(answer.stale);
  for (const auto& text : answer.refusals) {
    connection_.log()(LogLevel::warn,
                      "published_event_refused why=\"" + text + "\" (its cause will be tried again)");
  }
  if (draining_) tell_if_settled();
}

void Deliveries::taken_back(const v1::TakenBack& taken) {
  const TakenBackSet deliveries{{taken.deliveries().begin(), taken.deliveries().end()}};
  workers_.take_back(deliveries);
  if (batches_) batches_->take_back(deliveries);
}

void Deliveries::lost(const std::string&) {
  ++session_;
  settles_.lost(session_);
  workers_.drop_all(session_);
  if (batches_) batches_->drop_all(session_);
  if (draining_) tell_if_settled();
}

void Deliveries::refused(v1::RefusedReason, const std::string&) {
  lost({});
  when_refused_();
}

void Deliveries::take(std::vector<Frame>& frames) {
  while (auto frame = settles_.take()) frames.push_back(std::move(*frame));
}

void Deliveries::add_beat(v1::ClientBeat& beat) {
  finished_.grow_older(std::chrono::steady_clock::now());
  beat.set_busy(beat.busy() + workers_.busy() + (batches_ ? batches_->busy() : 0));
  beat.set_handled(beat.handled() + counts().handled);
  auto work = workers_.work();
  if (batches_) batches_->add_work(work);
  v1::Settle::Ack* range = nullptr;
  for (const auto& one : work.begun) {
    // Of a batch many follow one another.
    if (range != nullptr && range->delivery() == one.delivery &&
        range->first() + range->count() == one.offset) {
      range->set_count(range->count() + 1);
      continue;
    }
    auto& begun = *beat.add_begun();
    begun.set_first(one.offset);
    begun.set_count(1);
    begun.set_delivery(one.delivery);
    range = &begun;
  }
  // What was dropped for a stop goes back with the goodbye: nobody is to blame for it.
  const bool draining = draining_.load(std::memory_order_relaxed);
  beat.set_waits_from(draining ? 1 : work.waits_from);
  beat.set_waits_to(draining ? std::numeric_limits<std::uint64_t>::max() : work.waits_to);
}

void Deliveries::tell_if_settled() {
  if (!settles_.empty()) return;
  {
    const std::lock_guard lock{settled_mutex_};
    all_settled_ = true;
  }
  settled_changed_.notify_all();
}

}  // namespace reel::sdk
