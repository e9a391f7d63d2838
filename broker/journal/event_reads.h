// Single events by offset, wherever they are: in memory, or read from the journal one after the other.
//
//   reads.fetch({17, 4, 230'000}, [](std::vector<EventAt> events) { … });   // now, or when all have been
//   read
//
// For questions and commands, not for delivery: those who follow the log read it in stretches. Owned by the
// broker's main thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "journal/commit_log.h"

namespace reel::broker {

/// An event and where it stands; `batch` is null where the journal does not have it (any more).
struct EventAt {
  StoredBatchPtr batch;
  Offset offset = 0;

  [[nodiscard]] std::uint32_t index() const {
    return static_cast<std::uint32_t>(offset - batch->first_offset);
  }
  [[nodiscard]] const StoredRun& run() const { return batch->run_of(index()); }
  [[nodiscard]] const StoredEvent& event() const { return batch->events[index()]; }
  [[nodiscard]] LogTime log_time() const { return batch->log_time + index(); }
};

class EventReads {
 public:
  /// Questions that may wait for the journal at a time; each holds what it asked for and what came.
  static constexpr std::size_t jobs_max = 1'000;
  /// Tokens of its reads begin here; those below are the services'.
  static constexpr std::uint64_t first_token = 1ull << 40;

  EventReads(Journal& journal, const CommitLog& log) : journal_{journal}, log_{log} {}

  /// Calls `then` with the events at `offsets`, ascending. False, and `then` is never called, where too many
  /// questions wait already.
  [[nodiscard]] bool fetch(std::vector<Offset> offsets, std::function<void(std::vector<EventAt>)> then);
  /// Calls `then` with about a stretch of batches from the one that holds `from`; with none at the log's end,
  /// or where they cannot be read.
  [[nodiscard]] bool stretch(Offset from, std::function<void(std::vector<StoredBatchPtr>)> then);

  /// What a read brought; false where it is none of these.
  bool take_read(const ReadDone& done);

 private:
  struct Job {
    std::vector<EventAt> events;
    std::size_t next = 0;  // to be found
    std::function<void(std::vector<EventAt>)> then;
    std::function<void(std::vector<StoredBatchPtr>)> then_stretch;
  };
  void go_on(Job job, const std::vector<StoredBatchPtr>& read, bool answered);
  void ask(Job job, Offset from, std::size_t bytes_max);

  Journal& journal_;
  const CommitLog& log_;
  std::map<std::uint64_t, Job> jobs_;  // by token
  std::uint64_t next_token_ = first_token;
};

}  // namespace reel::broker
