#include "batches.h"

#include <algorithm>
#include <span>
#include <utility>

namespace reel::sdk {
namespace {

// A handler may say it for each item; once for all of them within this is enough for any ack_timeout.
constexpr std::chrono::milliseconds in_progress_every{10};

using Clock = std::chrono::steady_clock;

}  // namespace

std::vector<BatchDesk::Limits> batch_limits(const std::vector<const BatchHandler*>& handlers,
                                            const Options& options) {
  std::vector<BatchDesk::Limits> limits;
  for (const auto* handler : handlers) {
    const auto share = [&](std::size_t credit) {
      return std::max<std::size_t>(1, credit / 4 / handlers.size());
    };
    limits.push_back({.events = std::min(handler->options.max_size, share(options.credit_events)),
                      .bytes = std::min(handler->options.max_bytes, share(options.credit_bytes)),
                      .kept = share(options.credit_events),
                      .wait = handler->options.max_wait});
  }
  return limits;
}

// A batch on its way through its handler.
class Batches::HandOver final : public BatchRun::Owner {
 public:
  HandOver(Batches& batches, Registration& registration, const std::vector<Task>& tasks)
      : batches_{batches},
        registration_{registration},
        tasks_{tasks},
        settled_(tasks.size(), false),
        run_{*registration.handler, *this} {
    while (registration.contexts.size() < tasks.size())
      registration.contexts.emplace_back(batches.identity_.service, batches.identity_.source);
    auto limits = batches.surroundings_.emit_limits();
    limits.together = &run_.together();
    limits.together_bytes_max = std::max(batches.settle_buffer_bytes_, limits.batch_bytes_max);
    for (std::size_t item = 0; item < tasks.size(); ++item) add(item, limits);
  }

  // What failed is not told yet: first the lanes must know.
  std::vector<BatchRun::Failure> run() { return run_.run(); }
  [[nodiscard]] std::size_t done_count() const { return done_; }
  [[nodiscard]] std::size_t too_late() const { return too_late_; }
  [[nodiscard]] std::size_t calls() const { return run_.calls(); }
  void log(const BatchRun::Failure& failure) const {
    const auto& task = tasks_[failure.item];
    const auto event = read_event(task.bytes);
    batches_.surroundings_.log(LogLevel::debug,
                               failure_line(task.frame->runs[task.run].head.topic, event ? event->id : "",
                                            task.frame->attempt, failure.failed));
  }

  [[nodiscard]] bool still_wanted(std::size_t item) override {
    if (tasks_[item].frame->session < batches_.session_.load(std::memory_order_acquire)) return false;
    const std::lock_guard lock{batches_.mutex_};
    return !batches_.ending_ && batches_.desk_.is_wanted(registration_.handler->number, item);
  }
  void done(std::size_t item) override {
    settled_[item] = true;
    ++done_;
    batches_.handled_.fetch_add(1, std::memory_order_relaxed);
    const auto delivery = delivery_of(tasks_[item]);
    const auto& emits = registration_.contexts[item].emits();
    if (is_taken_back(item)) {
      ++too_late_;
      return batches_.settles_.ack_too_late(delivery, emits);
    }
    wake_ |= batches_.settles_.ack(delivery, emits);
  }
  void in_progress() override {
    const std::lock_guard lock{said_mutex_};
    // Between two calls: what is done need not wait for the next one.
    if (std::exchange(wake_, false)) batches_.surroundings_.wake();
    if (Clock::now() - said_ < in_progress_every) return;
    said_ = Clock::now();
    bool wake = false;
    for (std::size_t item = 0; item < tasks_.size(); ++item) {
      if (!settled_[item]) wake |= batches_.settles_.in_progress(delivery_of(tasks_[item]));
    }
    if (wake) batches_.surroundings_.wake();
  }

 private:
  [[nodiscard]] bool is_taken_back(std::size_t item) {
    const std::lock_guard lock{batches_.mutex_};
    return !batches_.desk_.is_wanted(registration_.handler->number, item);
  }
  void add(std::size_t item, const EmitLimits& limits) {
    const auto& task = tasks_[item];
    const auto& run = task.frame->runs[task.run];
    const auto event = read_event(task.bytes);
    if (!event) return run_.add_unfit(task.key_hash, not_an_event());
    auto& context = registration_.contexts[item];
    context.begin(run.head, *event, task.origin, task.recordedtime, task.frame->attempt, limits);
    context.redelivery = task.frame->redelivery;
    if (context.choose(*run.handlers).handlers.empty())
      return run_.add_unfit(task.key_hash, no_handler_wants(run.head.topic));
    run_.add(context, task.key_hash);
  }

  Batches& batches_;
  Registration& registration_;
  const std::vector<Task>& tasks_;
  std::vector<bool> settled_;
  std::size_t done_ = 0;
  std::size_t too_late_ = 0;
  bool wake_ = false;
  std::mutex said_mutex_;  // several threads of the handler's may be at it
  BatchDesk::Time said_{};
  BatchRun run_;
};

Batches::Batches(std::vector<const BatchHandler*> handlers, const Identity& identity, const Options& options,
                 SettleBatcher& settles, Surroundings surroundings)
    : identity_{identity},
      settles_{settles},
      surroundings_{std::move(surroundings)},
      settle_buffer_bytes_{options.settle_buffer_bytes},
      desk_{batch_limits(handlers, options)} {
  for (const auto* handler : handlers) registrations_.emplace_back().handler = handler;
}

Batches::~Batches() {
  for (const auto& task : desk_.drop([](const Task&) { return true; }).tasks)
    DeliveredFrame::release(task.frame, 1);
}

void Batches::start() {
  for (auto& registration : registrations_) {
    const auto& handler = *registration.handler;
    const auto& limits = desk_.limits(handler.number);
    if (limits.events < handler.options.max_size || limits.bytes < handler.options.max_bytes) {
      surroundings_.log(LogLevel::warn, "batches_cut pattern=" + handler.pattern +
                                            " events_max=" + std::to_string(limits.events) +
                                            " bytes_max=" + std::to_string(limits.bytes) +
                                            " (a quarter of the credit, shared by the batch handlers)");
    }
    registration.thread = std::thread{[this, &registration] { work(registration); }};
  }
}

void Batches::end() {
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
  }
  for (auto& registration : registrations_) registration.changed.notify_one();
  for (auto& registration : registrations_) {
    if (registration.thread.joinable()) registration.thread.join();
  }
}

bool Batches::keep(const Task& task) {
  std::optional<BatchDesk::HandlerNumber> batch;
  if (task.in_batch) batch = task.frame->runs[task.run].handlers->batch()->number;
  const std::lock_guard lock{mutex_};
  // Here and not before: what is dropped or taken back meanwhile would come onto the desk behind that.
  if (!surroundings_.still_wanted(task)) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    DeliveredFrame::release(task.frame, 1);
    return true;
  }
  if (!desk_.offer(batch, task, Clock::now())) return false;
  if (const auto due = desk_.wants_attention(task.key_hash)) registrations_[*due].changed.notify_one();
  return true;
}

ReleasedKey Batches::release(std::uint64_t key_hash) {
  const std::lock_guard lock{mutex_};
  return desk_.release(key_hash);
}

void Batches::work(Registration& registration) {
  block_signals();
  const auto batch = registration.handler->number;
  std::unique_lock lock{mutex_};
  while (!ending_) {
    if (!desk_.is_due(batch, Clock::now())) {
      const auto deadline = desk_.deadline(batch);
      deadline == BatchDesk::Time::max() ? registration.changed.wait(lock)
                                         : void(registration.changed.wait_until(lock, deadline));
      continue;
    }
    const auto tasks = desk_.take(batch);
    ++busy_;
    lock.unlock();
    hand_over(registration, tasks);
    lock.lock();
    --busy_;
    went_idle_.notify_all();
  }
}

void Batches::hand_over(Registration& registration, const std::vector<Task>& tasks) {
  HandOver batch{*this, registration, tasks};
  auto failures = batch.run();
  std::vector<Task> failed;
  for (const auto& failure : failures) failed.push_back(tasks[failure.item]);
  // The lanes of what failed hear of it before the broker can answer.
  const auto to_tell = [&] {
    const std::lock_guard lock{mutex_};
    return desk_.ended(registration.handler->number, failed);
  }();
  surroundings_.freed(to_tell);
  if (batch.calls() > 1) {
    surroundings_.log(LogLevel::debug, "batch_took_calls pattern=" + registration.handler->pattern +
                                           " events=" + std::to_string(tasks.size()) +
                                           " calls=" + std::to_string(batch.calls()) +
                                           " failed=" + std::to_string(failures.size()));
  }
  for (auto& failure : failures) {
    batch.log(failure);
    (void)settles_.nack(delivery_of(tasks[failure.item]), std::move(failure.failed));
  }
  if (batch.too_late() > 0) surroundings_.too_late(batch.too_late());
  surroundings_.wake();
  failed_.fetch_add(failures.size(), std::memory_order_relaxed);
  dropped_.fetch_add(tasks.size() - batch.done_count() - failures.size(), std::memory_order_relaxed);
  for (const auto& task : tasks) DeliveredFrame::release(task.frame, 1);
}

void Batches::set_wait_max(std::chrono::milliseconds wait_max) {
  if (std::exchange(wait_max_, wait_max) == wait_max) return;
  for (const auto& registration : registrations_) {
    const auto& handler = *registration.handler;
    if (handler.options.max_wait <= wait_max) continue;
    surroundings_.log(LogLevel::warn, "batches_cut pattern=" + handler.pattern +
                                          " wait_max_ms=" + std::to_string(wait_max.count()) +
                                          " (the broker's service_timeout)");
  }
  const std::lock_guard lock{mutex_};
  desk_.set_wait_max(wait_max);
}

void Batches::drop_key(std::uint64_t key_hash, std::uint64_t settle) {
  change([&] {
    return desk_.withdraw(
        [&](const Task& task) { return task.key_hash == key_hash && task.frame->settled < settle; });
  });
}

void Batches::take_back(const TakenBackSet& taken) {
  change([&] { return desk_.take_back([&](const Task& task) { return taken.has(task); }); });
}

void Batches::drop_all(std::uint64_t session) {
  session_.store(session, std::memory_order_release);
  change([&] { return desk_.drop([&](const Task& task) { return task.frame->session < session; }); });
}

void Batches::begin_no_more() {
  change([&] { return desk_.close(); });
  for (auto& registration : registrations_) registration.changed.notify_one();
}

// What is dropped is let go of, and lanes are told, when the lock is free again.
void Batches::change(const std::function<BatchDesk::Dropped()>& make) {
  BatchDesk::Dropped dropped;
  {
    const std::lock_guard lock{mutex_};
    dropped = make();
  }
  went_idle_.notify_all();
  dropped_.fetch_add(dropped.tasks.size(), std::memory_order_relaxed);
  for (const auto& task : dropped.tasks) DeliveredFrame::release(task.frame, 1);
  surroundings_.freed(dropped.to_tell);
}

bool Batches::wait_idle(BatchDesk::Time deadline) {
  std::unique_lock lock{mutex_};
  return went_idle_.wait_until(lock, deadline, [this] { return busy_ == 0 && desk_.idle(); });
}

void Batches::add_work(KeyedWorkers::Work& work) {
  const std::lock_guard lock{mutex_};
  desk_.add_work(work);
}

std::uint32_t Batches::busy() {
  const std::lock_guard lock{mutex_};
  return busy_;
}

void Batches::add_counts(ServiceCounts& counts) const {
  counts.handled += handled_.load(std::memory_order_relaxed);
  counts.failed += failed_.load(std::memory_order_relaxed);
  counts.dropped += dropped_.load(std::memory_order_relaxed);
}

}  // namespace reel::sdk
