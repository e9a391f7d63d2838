#include "keyed_workers.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <utility>

#include "busy_time.h"

namespace reel::sdk {

void block_signals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

KeyedWorkers::KeyedWorkers(unsigned workers, Handle handle, Release release)
    : handle_{std::move(handle)}, release_{std::move(release)}, lanes_(lane_count), shares_(workers) {
  for (unsigned worker = 0; worker < workers; ++worker) {
    threads_.emplace_back([this, worker] { work(worker); });
  }
}

KeyedWorkers::~KeyedWorkers() {
  begin_no_more();
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
  }
  work_came_.notify_all();
  for (auto& thread : threads_) thread.join();
  {
    std::unique_lock lock{mutex_};
    help_ended_.wait(lock, [this] { return !helped_; });
  }
  for (auto& lane : lanes_) {
    drop(lane.queued);
    for (auto& parked : lane.parked) drop(parked.tasks);
  }
}

void KeyedWorkers::queue(const Task& task) {
  auto& lane = lane_of(task.key_hash);
  lane.queued.push_back(task);
  if (lane.taken) return;
  lane.taken = true;
  ++taken_;
  ready_.push_back(&lane);
}

void KeyedWorkers::add(std::span<const Task> tasks) {
  std::size_t to_wake = 0;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& task : tasks) queue(task);
    const std::size_t resting = helped_ && waiting_ != 0 ? 1 : 0;
    to_wake = std::min(waiting_ - resting, ready_.size());
  }
  for (; to_wake > 0; --to_wake) work_came_.notify_one();
}

bool KeyedWorkers::add_or_help(std::span<const Task> tasks) {
  {
    const std::lock_guard lock{mutex_};
    if (waiting_ != 0 && !helped_ && quickness_.promises(tasks.size())) {
      for (const auto& task : tasks) queue(task);
      helped_ = true;
      return true;
    }
  }
  add(tasks);
  return false;
}

void KeyedWorkers::help_takes_long() {
  add({});  // wakes for what is ready
}

void KeyedWorkers::help() {
  const BusyTime busy;
  std::size_t events = 0;
  std::unique_lock lock{mutex_};
  while (auto* lane = next_ready_lane()) {
    events += lane->running.size();
    run_unlocked(lock, static_cast<unsigned>(shares_.size()), *lane);
  }
  quickness_.took(busy.passed(), events);
  helped_ = false;
  help_ended_.notify_all();
  if (taken_ != 0) work_came_.notify_one();  // the one that rested: others may have more than they have begun
}

KeyedWorkers::Lane* KeyedWorkers::next_ready_lane() {
  if (ready_.empty()) return nullptr;
  auto* lane = ready_.front();
  ready_.pop_front();
  lane->running.swap(lane->queued);
  return lane;
}

void KeyedWorkers::answered(std::uint64_t key_hash, std::uint64_t settle) {
  const Task answer{.key_hash = key_hash, .offset = settle, .run = settle_answered};
  add({&answer, 1});
}

void KeyedWorkers::freed(std::span<const std::uint64_t> key_hashes) {
  std::vector<Task> news;
  for (const auto key_hash : key_hashes) news.push_back({.key_hash = key_hash, .run = key_freed});
  if (!news.empty()) add(news);
}

void KeyedWorkers::drop_key(std::uint64_t key_hash, std::uint64_t settle) {
  std::vector<Task> taken_back;
  {
    const std::lock_guard lock{mutex_};
    auto& queued = lane_of(key_hash).queued;
    const auto kept = std::stable_partition(queued.begin(), queued.end(), [&](const Task& task) {
      return task.key_hash != key_hash || task.frame == nullptr || task.frame->settled >= settle;
    });
    taken_back.assign(kept, queued.end());
    queued.erase(kept, queued.end());
  }
  drop(taken_back);
}

void KeyedWorkers::take_back(const TakenBackSet& taken) {
  std::vector<Task> taken_back;
  {
    const std::scoped_lock lock{mutex_, withdrawn_mutex_};
    for (auto& lane : lanes_) {
      const auto kept = std::stable_partition(lane.queued.begin(), lane.queued.end(),
                                              [&](const Task& task) { return !taken.has(task); });
      taken_back.insert(taken_back.end(), kept, lane.queued.end());
      lane.queued.erase(kept, lane.queued.end());
      for (auto at = lane.at.load(); at < lane.running.size(); ++at) {
        const auto& task = lane.running[at];
        if (!taken.has(task)) continue;
        lane.withdrawn.push_back({task.offset, task.delivery});
        lane.has_withdrawn.store(true, std::memory_order_release);
      }
    }
  }
  drop(taken_back);
}

bool KeyedWorkers::is_withdrawn(const Lane& lane, const Task& task) {
  if (!lane.has_withdrawn.load(std::memory_order_acquire)) return false;
  const std::lock_guard lock{withdrawn_mutex_};
  return std::any_of(lane.withdrawn.begin(), lane.withdrawn.end(), [&](const Work::Place& one) {
    return one.offset == task.offset && one.delivery == task.delivery;
  });
}

KeyedWorkers::Work KeyedWorkers::work() {
  Work work;
  const std::lock_guard lock{mutex_};
  for (const auto& lane : lanes_) add_work(lane, work);
  return work;
}

// Looks at tasks, never at frames: the one being handled may end meanwhile.
void KeyedWorkers::add_work(const Lane& lane, Work& work) {
  const auto begun = [&](const Task& task) {
    if (work.begun.size() < begun_max) work.begun.push_back({task.offset, task.delivery});
  };
  bool overstayed = false;
  auto at = lane.at.load();
  if (at < lane.running.size() && lane.running[at].frame != nullptr) {
    overstayed = is_withdrawn(lane, lane.running[at]);
    // On its way into a batch it has not begun.
    if (!overstayed)
      lane.running[at].in_batch ? work.waits(lane.running[at].offset) : begun(lane.running[at]);
  }
  const auto waits = [&](const Task& task) {
    if (task.frame == nullptr || is_withdrawn(lane, task)) return;
    if (overstayed) return begun(task);
    work.waits(task.offset);
  };
  for (++at; at < lane.running.size(); ++at) waits(lane.running[at]);
  for (const auto& task : lane.queued) waits(task);
}

void KeyedWorkers::begin_no_more() {
  begin_no_more_ = true;
  drop_all(session_.load());
}

void KeyedWorkers::drop_all(std::uint64_t session) {
  std::vector<Task> taken_back;
  {
    const std::lock_guard lock{mutex_};
    session_.store(session, std::memory_order_release);
    for (auto& lane : lanes_) {
      // No session ends what is kept: of that a lane has to be told all the same.
      const auto is_kept = [](const Task& task) { return task.frame == nullptr && task.run == key_freed; };
      std::copy_if(lane.queued.begin(), lane.queued.end(), std::back_inserter(taken_back),
                   [&](const Task& task) { return !is_kept(task); });
      std::erase_if(lane.queued, [&](const Task& task) { return !is_kept(task); });
      if (!lane.taken) forget_parked(lane);
    }
  }
  drop(taken_back);
}

// What is parked of lost sessions will never be answered for. For whoever runs the lane, or under the lock
// while nobody does.
void KeyedWorkers::forget_parked(Lane& lane) {
  std::erase_if(lane.parked, [&](const Parked& parked) {
    if (parked.session >= session_.load(std::memory_order_acquire)) return false;
    drop(parked.tasks);
    return true;
  });
}

void KeyedWorkers::drop(std::span<const Task> tasks) {
  for (const auto& task : tasks) {
    if (task.frame == nullptr) continue;
    dropped_.fetch_add(1, std::memory_order_relaxed);
    DeliveredFrame::release(task.frame, 1);
  }
}

bool KeyedWorkers::wait_idle(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock{mutex_};
  return went_idle_.wait_until(lock, deadline, [this] { return taken_ == 0; });
}

void KeyedWorkers::work(unsigned worker) {
  block_signals();
  std::unique_lock lock{mutex_};
  while (Lane* lane = next_lane(lock, worker)) run_unlocked(lock, worker, *lane);
}

// The next lane of the worker's own share; else a new share of what is ready; else one that another worker
// has not begun. Waits where there is none; nothing when all is over.
KeyedWorkers::Lane* KeyedWorkers::next_lane(std::unique_lock<std::mutex>& lock, unsigned worker) {
  while (true) {
    if (must_rest()) {
      wait_for_work(lock);
      continue;
    }
    auto& own = shares_[worker];
    if (own.next == own.lanes.size()) {
      own.lanes.clear();
      own.next = 0;
      const auto fair = (ready_.size() + shares_.size() - 1) / shares_.size();
      for (auto count = std::min(fair, share_max); count > 0; --count) {
        own.lanes.push_back(ready_.front());
        ready_.pop_front();
      }
    }
    Share* from = &own;
    for (auto share = shares_.begin(); from->next == from->lanes.size() && share != shares_.end(); ++share) {
      if (share->next < share->lanes.size()) from = &*share;
    }
    if (from->next < from->lanes.size()) {
      Lane* lane = from->lanes[from->next++];
      lane->running.swap(lane->queued);
      return lane;
    }
    if (ending_) return nullptr;
    wait_for_work(lock);
  }
}

void KeyedWorkers::wait_for_work(std::unique_lock<std::mutex>& lock) {
  ++waiting_;
  work_came_.wait(lock);
  --waiting_;
}

// One lock to end a lane and to find the next: most hold a single event.
void KeyedWorkers::run_unlocked(std::unique_lock<std::mutex>& lock, unsigned worker, Lane& lane) {
  ++busy_;
  lock.unlock();
  run(worker, lane);
  lock.lock();
  --busy_;
  finish(lane);
}

void KeyedWorkers::run(unsigned worker, Lane& lane) {
  DeliveredFrame* frame = nullptr;
  std::uint32_t finished = 0;  // of `frame`, to be released together
  for (std::size_t i = 0; i < lane.running.size(); ++i) {
    lane.at.store(i, std::memory_order_relaxed);
    const Task task = lane.running[i];
    if (task.frame != frame) {
      DeliveredFrame::release(frame, std::exchange(finished, 0));
      frame = task.frame;
    }
    if (task.frame == nullptr) {
      task.run == key_freed ? free(lane, task.key_hash) : resume(lane, task.key_hash, task.offset);
    } else if (run_task(worker, lane, task)) {
      ++finished;
    }
  }
  DeliveredFrame::release(frame, finished);
}

// Under the lock.
void KeyedWorkers::finish(Lane& lane) {
  lane.running.clear();
  lane.at = 0;
  if (lane.has_withdrawn) {
    const std::lock_guard lock{withdrawn_mutex_};
    lane.withdrawn.clear();
    lane.has_withdrawn = false;
  }
  if (!lane.parked.empty()) forget_parked(lane);
  if (!lane.queued.empty()) {
    ready_.push_back(&lane);  // behind the others
    if (waiting_ != 0) work_came_.notify_one();
    return;
  }
  lane.taken = false;
  if (--taken_ == 0) went_idle_.notify_all();
}

bool KeyedWorkers::still_wanted(const Task& task) {
  return task.frame->session >= session_.load(std::memory_order_acquire) &&
         !begin_no_more_.load(std::memory_order_relaxed) && !is_withdrawn(lane_of(task.key_hash), task);
}

// Whether the task is done with; false: it is parked, or kept.
bool KeyedWorkers::run_task(unsigned worker, Lane& lane, const Task& task) {
  if (!still_wanted(task)) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }
  for (auto& parked : lane.parked) {
    if (parked.key_hash != task.key_hash || parked.session != task.frame->session) continue;
    parked.tasks.push_back(task);
    return false;
  }
  const auto handled = handle_(worker, task);
  if (handled == Handled::failed)
    lane.parked.push_back({task.key_hash, task.frame->session, task.offset, {}});
  return handled != Handled::kept;
}

void KeyedWorkers::resume(Lane& lane, std::uint64_t key_hash, std::uint64_t settle) {
  const auto found = std::find_if(lane.parked.begin(), lane.parked.end(),
                                  [&](const Parked& parked) { return parked.key_hash == key_hash; });
  if (found == lane.parked.end()) return;
  const auto failed = found->offset;
  const auto tasks = std::move(found->tasks);
  lane.parked.erase(found);
  const auto anew = std::find_if(tasks.begin(), tasks.end(), [&](const Task& task) {
    return task.frame->settled >= settle || task.offset <= failed;
  });
  drop({tasks.begin(), anew});
  const std::lock_guard lock{mutex_};
  put_next(lane, {anew, tasks.end()});
}

void KeyedWorkers::free(Lane& lane, std::uint64_t key_hash) {
  const std::lock_guard lock{mutex_};
  auto released = release_(key_hash);
  const auto& failed = released.failed;
  if (failed && failed->session >= session_.load(std::memory_order_acquire)) {
    lane.parked.push_back({key_hash, failed->session, failed->offset, std::move(released.behind)});
  } else {
    put_next(lane, released.behind);
  }
}

// Before all else that the lane runs; seen by work() and take_back() like that. Under the lock.
void KeyedWorkers::put_next(Lane& lane, std::span<const Task> tasks) {
  const auto next = lane.running.begin() + static_cast<std::ptrdiff_t>(lane.at.load()) + 1;
  lane.running.insert(next, tasks.begin(), tasks.end());
}

}  // namespace reel::sdk
