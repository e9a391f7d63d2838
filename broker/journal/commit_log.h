// The log as the broker's main thread sees it: batches get their offsets and log times here, go to the
// journal, and come back, committed, in the same order, with what was to be done then.
//
//   log.append(std::move(batch), [&](const StoredBatchPtr& batch) { … answer the publisher … });
//   log.after_all([&] { … once everything appended so far is committed … });
//   log.committed(done);                   // the journal says so: newest batches enter the tail, actions run
//   log.failing(error);                    // the journal says so: what was appended waits
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "event/time_counts.h"
#include "journal/journal.h"
#include "journal/newest_events.h"
#include "journal/tail.h"

namespace reel::broker {

class CommitLog {
 public:
  /// `system_clock_ns` is asked for the time of day, `steady_clock_ns` for how long something took; where it
  /// is not given, the first one is both. Log time is the time of day where that goes on. It never goes back:
  /// while the clock of the day, having been set back, is behind it, it goes on at nine tenths of its pace,
  /// so that what is due in it comes, and the two meet.
  CommitLog(Journal& journal, std::size_t tail_bytes_max, std::function<std::uint64_t()> system_clock_ns,
            std::function<std::uint64_t()> steady_clock_ns = {});

  using Action = std::function<void(const StoredBatchPtr&)>;
  /// Sets the batch's first offset and log time, and queues it.
  StoredBatchPtr append(std::unique_ptr<StoredBatch> batch, Action when_committed);
  /// Runs `action` once everything appended so far is committed; at once where it is.
  void after_all(std::function<void()> action);

  /// Moves the committed end and runs what waited for it, calling `each` for every batch first. Trouble, if
  /// there was any, is over.
  void committed(const Committed& done, const Action& each);

  /// What was appended cannot be written for now: it waits, and `error` says why.
  void failing(std::string error);
  /// Why the journal cannot be written, and since when; empty where it can.
  [[nodiscard]] const std::string& trouble() const { return trouble_; }
  [[nodiscard]] LogTime trouble_since() const { return trouble_since_; }

  /// A time that no event accepted from now on will have or precede.
  [[nodiscard]] LogTime now();
  /// For how long somebody is silent: whatever is done to the clock of the day. No time that anybody is told.
  [[nodiscard]] std::uint64_t steady_ns() const { return steady_clock_ns_(); }
  /// Every event with a log time up to this is committed, and no later one will have such a time.
  [[nodiscard]] LogTime watermark();

  [[nodiscard]] Offset committed_end() const { return committed_end_; }
  [[nodiscard]] Offset appended_end() const { return appended_end_; }
  /// When what stands there, committed, was accepted; about then, where memory does not have it.
  [[nodiscard]] LogTime time_of(Offset offset) const;
  [[nodiscard]] std::size_t queued_bytes() const { return queued_bytes_; }
  /// From a batch's admission to where its publisher is told that it is committed.
  [[nodiscard]] const TimeCounts& committing() const { return committing_; }
  /// Batches and actions that wait for a commit.
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  [[nodiscard]] const Tail& tail() const { return tail_; }
  /// Of each topic, committed. What was committed before this start is for whoever recovers to bring in.
  [[nodiscard]] const NewestEvents& newest() const { return newest_; }
  [[nodiscard]] NewestEvents& newest() { return newest_; }
  void set_tail_bytes_max(std::size_t bytes_max) { tail_.set_bytes_max(bytes_max); }

 private:
  struct Waiting {
    Offset end = 0;
    StoredBatchPtr batch;  // null for after_all
    Action action;
    std::uint64_t since = 0;  // by the steady clock
  };

  Journal& journal_;
  Tail tail_;
  NewestEvents newest_;
  std::function<std::uint64_t()> system_clock_ns_;
  std::function<std::uint64_t()> steady_clock_ns_;
  LogTime last_time_;
  std::uint64_t steady_at_;  // when last_time_ was read
  Offset committed_end_;
  Offset appended_end_;
  std::size_t queued_bytes_ = 0;
  std::string trouble_;
  LogTime trouble_since_ = 0;
  std::deque<Waiting> waiting_;
  TimeCounts committing_;
};

}  // namespace reel::broker
