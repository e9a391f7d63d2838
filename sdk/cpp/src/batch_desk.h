// Where batches gather, and which keys wait for them.
//
//     offered ──▶ gathered ──take()──▶ under way ──ended()──▶ its key is free
//        └──────▶ behind  ─────────── its lane is told, and offers it again ──┘
//
// The events of one key are with one handler at a time. So a key that has an event in a batch is held: what
// comes next under it joins the same batch while that gathers, and else waits behind it, for whichever
// handler it is. When the batch has ended, the key's lane (keyed_workers.h) is told where something waits
// behind, or where an event failed; it takes what is here by release(), parks it or offers it anew.
//
// Knows no threads and no clock: under one lock, by who has the time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "delivery.h"
#include "keyed_workers.h"

namespace reel::sdk {

class BatchDesk {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using HandlerNumber = std::size_t;
  using Keys = std::vector<std::uint64_t>;

  struct Limits {
    std::size_t events = 0;
    std::size_t bytes = 0;  ///< one event may exceed it
    std::size_t kept = 0;   ///< events gathered and behind these; more would use up the credit
    std::chrono::milliseconds wait{0};
  };
  explicit BatchDesk(std::vector<Limits> limits);
  [[nodiscard]] const Limits& limits(HandlerNumber batch) const { return desks_[batch].limits; }
  /// Waits no longer than this, whatever the limits say.
  void set_wait_max(std::chrono::milliseconds wait_max) { wait_max_ = wait_max; }

  /// An event, in its key's order; nothing: not for a batch. False: its key is not held, and neither is it.
  [[nodiscard]] bool offer(std::optional<HandlerNumber> batch, const Task& task, Time now);

  /// The batch that has this key, if it was just begun or is full: who waits for its deadline() is to look.
  [[nodiscard]] std::optional<HandlerNumber> wants_attention(std::uint64_t key_hash) const;
  /// Whether to take() now. Not while one is under way.
  [[nodiscard]] bool is_due(HandlerNumber batch, Time now) const;
  /// When it will be, if nothing comes; Time::max(): never.
  [[nodiscard]] Time deadline(HandlerNumber batch) const;
  /// What was gathered is under way, as far as the limits allow.
  std::vector<Task> take(HandlerNumber batch);
  /// Event number `index` of what is under way may be handed over: it was not taken back.
  [[nodiscard]] bool is_wanted(HandlerNumber batch, std::size_t index) const;
  /// What was under way is settled but for `failed`, which waits for the broker's answer. Whose lanes to
  /// tell.
  [[nodiscard]] Keys ended(HandlerNumber batch, std::span<const Task> failed);
  /// To a lane that was told: its key is free.
  [[nodiscard]] ReleasedKey release(std::uint64_t key_hash);

  /// What is dropped, for the caller to let go of, and whose lanes to tell.
  struct Dropped {
    std::vector<Task> tasks;
    Keys to_tell;
  };
  /// Drops, of what is not under way, what `is_gone` says yes to.
  [[nodiscard]] Dropped drop(const std::function<bool(const Task&)>& is_gone);
  /// As drop(), and what of it is under way is not handed over once more.
  [[nodiscard]] Dropped withdraw(const std::function<bool(const Task&)>& is_gone);
  /// The same where it overstays: the broker has it handled elsewhere, and so what comes behind it.
  [[nodiscard]] Dropped take_back(const std::function<bool(const Task&)>& is_named);
  /// No more come. What was gathered for a handler that is free is due; for one that is not, it is dropped.
  [[nodiscard]] Dropped close();

  void add_work(KeyedWorkers::Work& work) const;
  [[nodiscard]] bool idle() const;

 private:
  struct Gathered {
    Task task;
    Time since;
  };
  struct Behind {
    Task task;
    Time since;
    std::optional<HandlerNumber> batch;  // whose handler it is for; a plain one's
  };
  struct Desk {
    Limits limits;
    std::deque<Gathered> gathered;
    std::size_t bytes = 0;   // of these
    std::size_t behind = 0;  // came behind these
    std::vector<Task> under_way;
    std::vector<bool> withdrawn;  // of those
  };
  struct Held {
    HandlerNumber batch;
    std::uint64_t session = 0;  // in which it came
    bool under_way = false;
    bool ended = false;       // its lane is told
    bool overstayed = false;  // what is under way was taken back
    std::size_t events = 0;   // of it in the batch
    std::size_t taken = 0;    // of these, as it is taken
    std::optional<ReleasedKey::Failed> failed;
    std::deque<Behind> behind;
  };

  void gather(Desk& desk, const Task& task, Time now);
  [[nodiscard]] bool may_join(const Held& held, std::optional<HandlerNumber> batch) const;
  void leave(std::uint64_t key_hash, Keys& to_tell);
  [[nodiscard]] bool go_on(Held& held);
  void put_behind(Desk& desk);
  [[nodiscard]] bool is_full(const Desk& desk) const;

  std::vector<Desk> desks_;
  std::unordered_map<std::uint64_t, Held> held_;
  std::chrono::milliseconds wait_max_ = std::chrono::hours{1};
  bool closed_ = false;
};

}  // namespace reel::sdk
