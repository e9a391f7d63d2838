// Worker threads that keep key order.
//
// Keys are spread over lanes by their hash; a lane is a queue that at most one worker runs at a time, so
// events of one key are handled one by one and in order. A worker takes several ready lanes at once, which
// makes the lock cheap when there is much to do; an idle worker takes lanes a busy one has not begun, so a
// slow handler delays its own lane only.
//
// To hand an event to a worker takes longer than many handlers do. So the thread that brings events while a
// worker sleeps runs them itself in its place, and it sleeps on: there are never more handlers at work than
// workers. Not where handlers are slow: that thread is needed elsewhere.
//
// When the event of a key fails, the broker takes back what it delivered behind it under that key. So what is
// queued under it is parked, unhandled, until answered() says that the broker has heard of the failure. Then
// what was delivered before it had is dropped, and what was delivered since is handled. If the failure came
// too late, the failed event is itself among what is parked, delivered again: from there on the rest is
// handled.
//
// When a handler overstays, the broker takes back its event and what is queued behind it, and says so. That
// is not begun any more. What it delivers under that key afterwards waits behind the handler all the same;
// the broker is told that this is no ordinary waiting, so that it takes that back too.
//
// An event may be kept by who handles it, for a batch (batch_desk.h), and with it what comes behind it under
// its key. When the key is free again the lane is told, and takes back what was kept behind.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

#include "delivery.h"
#include "quickness.h"

namespace reel::sdk {

/// What was kept behind an event of a key that is free again.
struct ReleasedKey {
  struct Failed {
    std::uint64_t session;
    std::uint64_t offset;
  };
  std::optional<Failed> failed;  ///< the event; then the key waits for answered()
  std::vector<Task> behind;
};

/// What became of an event that was to be handled.
enum class Handled : std::uint8_t {
  done,
  failed,  ///< its key waits for answered()
  kept,    ///< whoever has it lets go of its frame
};

class KeyedWorkers {
 public:
  /// Handles one event on worker number `worker`; who helps is number `workers`.
  using Handle = std::function<Handled(unsigned worker, const Task& task)>;
  /// Called for a key of which freed() has told, under the lanes' lock: in between nothing is out of sight.
  using Release = std::function<ReleasedKey(std::uint64_t key_hash)>;

  KeyedWorkers(unsigned workers, Handle handle, Release release = {});
  /// Drops what is queued and waits for running handlers, and for a help() that is owed.
  ~KeyedWorkers();

  /// Queues events, in delivery order.
  void add(std::span<const Task> tasks);
  /// The same, but wakes nobody where the caller can do as well. True: it owes a call of help(),
  /// soon.
  [[nodiscard]] bool add_or_help(std::span<const Task> tasks);
  /// Runs what is ready, in the place of a worker.
  void help();
  /// To be called when that has not returned soon: the others take what it has not begun.
  void help_takes_long();
  /// SETTLE number `settle`, which nacked an event of this key, is answered.
  void answered(std::uint64_t key_hash, std::uint64_t settle);
  /// What was kept under these keys is not any more.
  void freed(std::span<const std::uint64_t> key_hashes);
  /// What the broker delivered under this key before that SETTLE was taken back.
  void drop_key(std::uint64_t key_hash, std::uint64_t settle);
  /// The broker took these back: what has not begun is dropped.
  void take_back(const TakenBackSet& taken);
  /// Whether what is being handled may still be begun: for who keeps it, under a lock of his under which he
  /// also drops. What is taken back, or lost with its session, is so here first.
  [[nodiscard]] bool still_wanted(const Task& task);

  /// Whether the broker took back what is being handled.
  [[nodiscard]] bool is_taken_back(const Task& task) { return is_withdrawn(lane_of(task.key_hash), task); }

  /// For the broker: what the handlers are at and what waits.
  struct Work {
    struct Place {
      std::uint64_t offset;
      std::uint32_t delivery;
    };
    std::vector<Place> begun;
    std::uint64_t waits_from = 0;  ///< of what waits, the first and the last offset; 0: nothing does
    std::uint64_t waits_to = 0;
    void waits(std::uint64_t offset) {
      waits_from = waits_from == 0 ? offset : std::min(waits_from, offset);
      waits_to = std::max(waits_to, offset);
    }
  };
  [[nodiscard]] Work work();
  /// Named as begun at most: more handlers than any machine runs, and what queued up behind those that hang.
  static constexpr std::size_t begun_max = 10'000;

  /// Drops everything that is not being handled. What came in sessions before `session` is not begun either.
  void drop_all(std::uint64_t session);

  /// Begins no handler any more and drops what is queued; running ones finish.
  void begin_no_more();
  /// Waits until no handler runs and nothing is queued. False when `deadline` came first.
  [[nodiscard]] bool wait_idle(std::chrono::steady_clock::time_point deadline);

  [[nodiscard]] std::uint32_t busy() const { return busy_; }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  struct Parked {
    std::uint64_t key_hash;
    std::uint64_t session;
    std::uint64_t offset;  // of the event that failed
    std::vector<Task> tasks;
  };
  struct Lane {
    std::vector<Task> queued;            // under mutex_
    std::vector<Task> running;           // changed under mutex_, by the worker that runs the lane alone
    std::atomic<std::size_t> at{0};      // in `running`: what is being handled
    std::vector<Parked> parked;          // the same worker's
    std::vector<Work::Place> withdrawn;  // of `running`, taken back by the broker; under withdrawn_mutex_
    std::atomic<bool> has_withdrawn{false};
    bool taken = false;  // ready or being run
  };
  // Lanes a worker has taken and not begun; others may take from it.
  struct Share {
    std::vector<Lane*> lanes;
    std::size_t next = 0;
  };

  static constexpr std::size_t lane_count = 1024;  // a power of two; two of ten keys meet once in 20 times
  static constexpr std::size_t share_max = 32;

  void work(unsigned worker);
  [[nodiscard]] Lane* next_lane(std::unique_lock<std::mutex>& lock, unsigned worker);
  [[nodiscard]] Lane* next_ready_lane();
  void wait_for_work(std::unique_lock<std::mutex>& lock);
  [[nodiscard]] bool must_rest() const { return helped_ && waiting_ == 0 && !ending_; }
  void run_unlocked(std::unique_lock<std::mutex>& lock, unsigned worker, Lane& lane);
  void run(unsigned worker, Lane& lane);
  void finish(Lane& lane);
  [[nodiscard]] bool run_task(unsigned worker, Lane& lane, const Task& task);
  void resume(Lane& lane, std::uint64_t key_hash, std::uint64_t settle);
  void free(Lane& lane, std::uint64_t key_hash);
  void put_next(Lane& lane, std::span<const Task> tasks);
  void drop(std::span<const Task> tasks);
  void forget_parked(Lane& lane);
  [[nodiscard]] bool is_withdrawn(const Lane& lane, const Task& task);
  void add_work(const Lane& lane, Work& work);
  void queue(const Task& task);
  Lane& lane_of(std::uint64_t key_hash) { return lanes_[key_hash & (lane_count - 1)]; }

  // What a task without a frame tells a lane, in `run`.
  enum News : std::uint32_t { settle_answered, key_freed };

  Handle handle_;
  Release release_;
  std::vector<Lane> lanes_;

  std::mutex mutex_;
  std::mutex withdrawn_mutex_;  // under mutex_, or under the lock of who asks still_wanted()
  std::condition_variable work_came_;
  std::condition_variable went_idle_;
  std::deque<Lane*> ready_;
  std::vector<Share> shares_;           // by worker
  std::size_t waiting_ = 0;             // workers without work
  std::size_t taken_ = 0;               // lanes that are ready or being run
  std::atomic<std::uint32_t> busy_{0};  // changed under mutex_
  bool helped_ = false;                 // in the place of one of the waiting, now or soon
  bool ending_ = false;
  Quickness quickness_;
  std::condition_variable help_ended_;

  // Asked for each event: apart from what changes with each lane.
  alignas(64) std::atomic<bool> begin_no_more_{false};
  std::atomic<std::uint64_t> session_{0};
  alignas(64) std::atomic<std::uint64_t> dropped_{0};
  std::vector<std::thread> threads_;
};

/// Blocks all signals in the calling thread, so that they reach the thread that waits for them.
void block_signals();

}  // namespace reel::sdk
