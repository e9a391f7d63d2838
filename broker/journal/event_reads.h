// Single events by offset, wherever they are: in memory, or read from the journal one stretch after the
// other.
//
//   reads.fetch({17, 4, 230'000}, [](const EventAt& event) { … }, [] { … });  // one by one, and when all
//   were reads.each({17, 42, 43}, [](const EventAt& event) { … });                 // the same, never refused
//   if (reads.take_read(done)) …             // what a read brought; false where it was not ours
//
// Each question reads one stretch after the other, so that many wanted events that stand together cost few
// reads, and one that stands alone little more than itself. For questions, commands and delayed events, not
// for delivery: those who follow the log read it in large stretches. Owned by the broker's main thread.
//
// Memory: `reads_max` reads under way, each of a stretch and at most one batch more. Nothing that was read is
// kept: who asked takes what it needs of each event, and must bound that. The others wait with their offsets
// alone, and go on in the order they came.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <vector>

#include "journal/commit_log.h"

namespace reel::broker {

/// An event and where it stands; `batch` is null where the journal does not have it (any more). It may keep a
/// whole stretch in memory: take from it what is needed, and do not keep it.
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
  /// Questions that may wait for the journal at a time. What each asked for it holds, and who asked may hold
  /// as much of an answer as is there without reading.
  static constexpr std::size_t jobs_max = 256;
  /// Reads under way at a time: the disk has enough to do, and 16 stretches are not much memory.
  static constexpr std::size_t reads_max = 16;
  static constexpr const char* full_error = "too many questions wait for the journal; try again";
  /// How long a place that could not be read had better be left alone.
  static constexpr LogTime read_again_ns = 1'000'000'000;
  /// Tokens of its reads begin here; those below are the services'.
  static constexpr std::uint64_t first_token = 1ull << 40;

  EventReads(Journal& journal, const CommitLog& log) : journal_{journal}, log_{log} {}

  using Found = std::function<void(const EventAt&)>;
  /// Calls `found` for each of the offsets, ascending, some of them perhaps before this returns, and then
  /// `then`. False, and neither is ever called, where too many questions wait already.
  [[nodiscard]] bool fetch(std::vector<Offset> offsets, Found found, std::function<void()> then);
  /// Calls `then` with about a stretch of batches from the one that holds `from`; with none at the log's end,
  /// or where they cannot be read. False as with fetch().
  [[nodiscard]] bool stretch(Offset from, std::function<void(std::vector<StoredBatchPtr>)> then);

  /// Calls `found` for each of the ascending offsets, some of them perhaps before this returns; it may ask
  /// again. Never refused: for the broker's own work, which asks once at a time, and for who looked at
  /// full().
  void each(std::vector<Offset> offsets, Found found);

  [[nodiscard]] std::size_t under_way() const { return reading_.size(); }
  /// Too many questions wait already.
  [[nodiscard]] bool full() const { return reading_.size() + waiting_.size() >= jobs_max; }
  /// Whether the journal should have it: an event that is not found there all the same could not be read.
  [[nodiscard]] bool holds(Offset offset) const {
    return offset >= journal_.begin_offset() && offset < log_.committed_end();
  }

  /// What a read brought; false where it is none of these.
  [[nodiscard]] bool take_read(const ReadDone& done);

 private:
  struct Job {
    std::vector<Offset> offsets;
    std::size_t next = 0;  // to be found
    Found found;
    std::function<void()> then;
    std::function<void(std::vector<StoredBatchPtr>)> then_stretch;
    Offset from = 0;  // what is to be read for it
    std::size_t bytes_max = 0;
  };
  void go_on(Job job, const std::vector<StoredBatchPtr>& read, Offset answered);
  void read(Job job);
  void read_for_those_who_wait();

  Journal& journal_;
  const CommitLog& log_;
  std::map<std::uint64_t, Job> reading_;  // by token
  std::deque<Job> waiting_;
  std::uint64_t next_token_ = first_token;
};

}  // namespace reel::broker
