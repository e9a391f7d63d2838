// The memory that the processes of a run share: the task, the starting signal, counts; never events.
//
//   Page page = Page::make(path, task);                 // the harness
//   Page page = Page::open(path);                       // everybody else
//
// Its words are atomic and its semaphores work between processes; everything starts as zeros.
#pragma once

#include <semaphore.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <span>
#include <string>

#include "cli/load/latency_buckets.h"
#include "task.h"

namespace reel::bench {

using Count = std::atomic<std::uint64_t>;

[[nodiscard]] std::uint64_t now_ns();

/// What arrived at one set of receivers that shares the events.
struct Arrivals {
  Count arrived;
  /// Numbers that were expected and had not come when a later one of their key came.
  Count skipped;
  /// Numbers that had come before.
  Count repeated;
  /// The last warm-up that came.
  Count warmed;
  /// When the last event came; 0: not yet.
  Count finished_ns;
  /// From when an event was due until it came.
  std::array<Count, cli::bucket_count> latencies;
};

/// At most so many sets of receivers; a run of ours has four.
inline constexpr std::size_t groups_max = 16;

struct Shared {
  Task task;
  sem_t senders_ready;
  sem_t go;
  /// Set by the harness when every set of receivers has had the last warm-up.
  Count warm;
  /// Warm-ups sent so far.
  Count warm_ups;
  /// Senders whose every event was accepted.
  Count senders_done;
  std::array<Arrivals, groups_max> groups;
};

class Page {
 public:
  /// Throws std::runtime_error where the file cannot be made.
  [[nodiscard]] static Page make(const std::string& path, const Task& task);
  [[nodiscard]] static Page open(const std::string& path);
  ~Page();
  Page(Page&& other) noexcept;
  Page& operator=(Page&&) = delete;

  [[nodiscard]] Shared& operator*() const { return *shared_; }
  [[nodiscard]] Shared* operator->() const { return shared_; }
  /// For each key of each sender, the number that is expected next in a group.
  [[nodiscard]] std::span<Count> next_of_key(std::uint32_t group) const;

 private:
  explicit Page(int file);

  Shared* shared_ = nullptr;
  std::size_t bytes_ = 0;
};

/// Waits for one post, at most a minute: a process whose peer has died ends too. Throws std::runtime_error.
void wait_for(sem_t& semaphore);

}  // namespace reel::bench
