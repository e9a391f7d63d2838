// The consuming side of a service's connection: from DELIVER frames to handlers, from handlers to SETTLE.
//
// The connection's thread reads a frame, finds each event's key and hands all of them to the workers at once;
// a worker, or this thread itself, runs the handlers and leaves the result in an outbox, or keeps the event
// for a batch. What belongs to a lost session is void: it is dropped where it waits, and its results are not
// sent to the next. What handlers had finished is settled when its event comes again (finished.h).
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "batches.h"
#include "connection.h"
#include "handling.h"
#include "keyed_workers.h"
#include "reel/service.h"
#include "settle_batcher.h"

namespace reel::sdk {

class Deliveries final : public Side {
 public:
  /// `when_refused` is called on the connection's thread when the broker refuses the subscription.
  Deliveries(Connection& connection, const HandlerRegistry& registry, const Identity& identity,
             const Options& options, std::function<void()> when_refused);
  ~Deliveries() override;

  /// Takes nothing more, lets running handlers finish and their results be settled. False when `deadline`
  /// came first.
  [[nodiscard]] bool drain(Time deadline);

  [[nodiscard]] ServiceCounts counts() const;

 private:
  // What one worker keeps from event to event; nobody else writes to it.
  struct alignas(64) Worker {
    explicit Worker(const Identity& identity) : context{identity.service, identity.source} {}
    Context::Impl context;
    std::atomic<std::uint64_t> handled{0};
    std::atomic<std::uint64_t> failed{0};
  };

  static std::vector<std::unique_ptr<Worker>> make_workers(unsigned count, const Identity& identity);

  void welcomed(const v1::Welcome& welcome) override;
  void subscribed(const v1::Subscribed& subscribed) override;
  void delivered(const v1::Deliver& deliver, Body body) override;
  void settled(const v1::Settled& settled) override;
  void taken_back(const v1::TakenBack& taken) override;
  void lost(const std::string& why) override;
  void refused(v1::RefusedReason reason, const std::string& text) override;
  void take(std::vector<Frame>& frames) override;
  void add_beat(v1::ClientBeat& beat) override;
  void run_aside() override { workers_.help(); }
  void aside_for_long() override { workers_.help_takes_long(); }

  [[nodiscard]] std::unique_ptr<Batches> make_batches(const HandlerRegistry& registry,
                                                      const Identity& identity, const Options& options);
  [[nodiscard]] Handled handle(unsigned worker, const Task& task);
  [[nodiscard]] bool settle_as_before(const Task& task);
  void count_stale(std::uint64_t events);
  [[nodiscard]] EmitLimits emit_limits() const;
  [[nodiscard]] std::optional<Failed> run_handlers(Worker& worker, const Task& task);
  void tell_if_settled();

  Connection& connection_;
  std::function<void()> when_refused_;
  HandlerCache handlers_;
  std::atomic<std::uint32_t> event_bytes_max_{1u << 20};
  std::atomic<std::uint32_t> batch_bytes_max_{4u << 20};
  std::atomic<std::uint64_t> stale_{0};
  std::atomic<std::uint64_t> repeated_{0};
  std::uint64_t session_ = 0;

  // Scratch of delivered().
  std::vector<Task> tasks_;

  std::atomic<bool> draining_{false};
  std::mutex settled_mutex_;
  std::condition_variable settled_changed_;
  bool all_settled_ = false;

  std::vector<std::unique_ptr<Worker>> by_worker_;  // and behind them who helps
  Finished finished_;
  SettleBatcher settles_;
  std::unique_ptr<Batches> batches_;
  KeyedWorkers workers_;  // last: its threads use all of the above
};

}  // namespace reel::sdk
