#include "self_checks.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "check_book.h"
#include "event/quoted_text.h"
#include "keyed_workers.h"

namespace reel::sdk {
namespace {

Time now() {
  return std::chrono::steady_clock::now();
}

std::optional<std::string> failure_of(const std::function<void()>& passes) {
  try {
    passes();
    return std::nullopt;
  } catch (const std::exception& error) {
    return error.what();
  } catch (...) {
    return "it threw what is no std::exception";
  }
}

}  // namespace

// Of the object and the threads it may have left behind.
struct SelfChecks::Shared {
  std::mutex mutex;
  std::condition_variable changed;
  CheckBook book;
  bool stopping = false;
  std::vector<bool> has_thread;
  std::vector<std::function<void()>> passes;  // not changed once there are threads

  [[nodiscard]] bool all_ended() const {
    return std::find(has_thread.begin(), has_thread.end(), true) == has_thread.end();
  }
};

SelfChecks::SelfChecks(StartThread start_thread)
    : start_thread_{std::move(start_thread)}, shared_{std::make_shared<Shared>()} {}

SelfChecks::~SelfChecks() {
  stop();
}

void SelfChecks::add(std::string_view name, CheckOptions options, std::function<void()> passes) {
  shared_->book.add(name, options);
  shared_->passes.push_back(std::move(passes));
  shared_->has_thread.push_back(false);
}

bool SelfChecks::empty() const {
  return shared_->passes.empty();
}

void SelfChecks::detached(std::function<void()> body) {
  std::thread{std::move(body)}.detach();
}

void SelfChecks::start(milliseconds patience, Log& log) try {
  for (std::size_t number = 0; number < shared_->passes.size(); ++number) start(number);
} catch (...) {
  stop();
  wait(patience, log);
  throw;
}

void SelfChecks::start(std::size_t number) {
  const std::lock_guard lock{shared_->mutex};
  start_thread_([shared = shared_, number] {
    block_signals();
    keep_running(*shared, number);
  });
  shared_->has_thread[number] = true;
}

void SelfChecks::keep_running(Shared& shared, std::size_t number) {
  std::unique_lock lock{shared.mutex};
  while (!shared.stopping) {
    shared.book.begins(number, now());
    lock.unlock();
    const auto failure = failure_of(shared.passes[number]);
    lock.lock();
    shared.book.ends(number, failure, now());
    shared.changed.wait_for(lock, shared.book.options(number).every, [&] { return shared.stopping; });
  }
  shared.has_thread[number] = false;
  shared.changed.notify_all();
}

void SelfChecks::stop() {
  const std::lock_guard lock{shared_->mutex};
  shared_->stopping = true;
  shared_->changed.notify_all();
}

void SelfChecks::wait(milliseconds patience, Log& log) {
  std::unique_lock lock{shared_->mutex};
  shared_->changed.wait_for(lock, patience, [this] { return shared_->all_ended(); });
  std::vector<std::string> left;
  for (std::size_t number = 0; number < shared_->has_thread.size(); ++number) {
    if (shared_->has_thread[number]) left.push_back(shared_->book.name(number));
  }
  lock.unlock();
  for (const auto& name : left) log(LogLevel::warn, "check_left_behind check=" + as_name(name));
}

std::optional<std::string> SelfChecks::run(std::string_view name) const {
  const auto number = shared_->book.find(name);
  if (!number) throw std::invalid_argument{"there is no check " + in_quotes(name)};
  return failure_of(shared_->passes[*number]);
}

void SelfChecks::welcomed(const v1::Welcome& /*welcome*/) {
  const std::lock_guard lock{shared_->mutex};
  shared_->book.session_is_new();
}

void SelfChecks::add_beat(v1::ClientBeat& beat) {
  const std::lock_guard lock{shared_->mutex};
  v1::SelfChecks news;
  if (shared_->book.write_news(news, now())) *beat.mutable_checks() = std::move(news);
}

}  // namespace reel::sdk
