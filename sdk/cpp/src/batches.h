// The batch handlers of a service at work: a thread for each, which hands over what has gathered on the desk
// and leaves the results in the outboxes.
//
// The threads are their own, so that a batch that hangs takes no worker from the plain handlers, and the
// connection's thread, which may run these itself, only ever gathers.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "batch_desk.h"
#include "batch_run.h"
#include "handlers.h"
#include "identity.h"
#include "keyed_workers.h"
#include "reel/options.h"
#include "reel/service.h"
#include "settle_batcher.h"

namespace reel::sdk {

/// What one batch of these may be at most: the options and, shared by all of them, a quarter of the credit
/// for what gathers. As much may be under way, and half is left for other handlers. (A key has no more than a
/// quarter of its own accord.)
[[nodiscard]] std::vector<BatchDesk::Limits> batch_limits(const std::vector<const BatchHandler*>& handlers,
                                                          const Options& options);

class Batches {
 public:
  /// What they need of the rest of the consuming side.
  struct Surroundings {
    std::function<void()> wake;  ///< the connection: an outbox has something
    std::function<void(std::span<const std::uint64_t>)> freed;
    std::function<bool(const Task&)> still_wanted;  ///< asked under the desk's lock
    std::function<EmitLimits()> emit_limits;
    /// So many were handled when the broker had taken them back.
    std::function<void(std::uint64_t)> too_late;
    std::function<void(LogLevel, const std::string&)> log;
  };
  Batches(std::vector<const BatchHandler*> handlers, const Identity& identity, const Options& options,
          SettleBatcher& settles, Surroundings surroundings);
  /// After end().
  ~Batches();

  /// Begins their work, when all of the surroundings are there.
  void start();
  /// Hands over no more, and waits for what is under way.
  void end();

  /// Keeps an event for a batch, or behind one that has its key, or drops it where it is not wanted any more.
  /// False: none of these. Its handler is a plain one.
  [[nodiscard]] bool keep(const Task& task);
  /// To a lane that was told by `freed`.
  [[nodiscard]] ReleasedKey release(std::uint64_t key_hash);

  /// No batch waits longer.
  void set_wait_max(std::chrono::milliseconds wait_max);
  void drop_key(std::uint64_t key_hash, std::uint64_t settle);
  void take_back(const TakenBackSet& taken);
  void drop_all(std::uint64_t session);
  /// Hands over what only waited for company, and no more than that.
  void begin_no_more();
  [[nodiscard]] bool wait_idle(BatchDesk::Time deadline);

  void add_work(KeyedWorkers::Work& work);
  [[nodiscard]] std::uint32_t busy();
  void add_counts(ServiceCounts& counts) const;

 private:
  class HandOver;
  struct Registration {
    const BatchHandler* handler = nullptr;
    std::condition_variable changed;
    std::deque<Context::Impl> contexts;  // used again from batch to batch
    std::thread thread;
  };

  void work(Registration& registration);
  void hand_over(Registration& registration, const std::vector<Task>& tasks);
  void change(const std::function<BatchDesk::Dropped()>& make);

  const Identity& identity_;
  SettleBatcher& settles_;
  const Surroundings surroundings_;
  const std::size_t settle_buffer_bytes_;  // one call publishes no more, though one item what a frame holds

  std::mutex mutex_;
  std::condition_variable went_idle_;
  BatchDesk desk_;
  std::uint32_t busy_ = 0;
  bool ending_ = false;
  std::chrono::milliseconds wait_max_{0};  // as the broker said last

  std::deque<Registration> registrations_;
  std::atomic<std::uint64_t> session_{0};
  std::atomic<std::uint64_t> handled_{0};
  std::atomic<std::uint64_t> failed_{0};
  std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace reel::sdk
