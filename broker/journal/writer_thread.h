// The thread that makes batches durable. Everything that queued up while it was busy is one commit: one
// pwritev, and by the policy one fdatasync. The longer the disk takes, the more each commit holds, so that
// no one has to choose a batch size or a delay.
//
// What is little, while the thread has nothing to do and commits have been quick of late, is committed by
// whoever appends it: waking a thread and being woken takes longer. All that the writer knows belongs to
// whoever has the turn; the appending side only ever tries to get it. So it never waits for a disk that was
// slow before; one that becomes slow in its hands it waits for once.
//
// Where the disk is full or fails, nothing is given up: what is queued stays queued, in order, and is tried
// again every `retry_interval` until it is committed. Nobody was answered for it meanwhile, so nothing must
// be undone. Segments that retention gives up are deleted all the same: it may be what makes room.
#pragma once

#include <chrono>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "config/model.h"
#include "journal/done.h"
#include "journal/mailbox.h"
#include "journal/segment_writer.h"

namespace reel::broker {

class WriterThread {
 public:
  /// What commit() may write itself: some 10 us into the page cache.
  static constexpr std::size_t commit_here_bytes_max = 32 << 10;
  /// And only while a commit takes less than that of late, sync included where the policy wants one.
  static constexpr std::chrono::microseconds commit_here_took_max{500};
  /// After a failure. Long enough to cost a broken disk nothing, short enough that nobody waits for it who
  /// has just made room.
  static constexpr std::chrono::milliseconds retry_interval{1'000};

  /// Goes on with `newest`. Reports to `done`, which must outlive it.
  WriterThread(std::filesystem::path directory, const config::Journal& options, SegmentWriter newest,
               Mailbox<ThreadDone>& done);
  /// Writes and syncs what is queued; tries once where the disk fails.
  ~WriterThread();

  /// append() queues, commit() sets about it: itself where that is quick, by the thread otherwise. Called by
  /// one thread.
  void append(StoredBatchPtr batch);
  void commit();
  /// Syncs what is committed, whatever the policy, and says so.
  void sync() { inbox_.put(SyncAsked{}); }
  /// Deletes these segments, in this order, so that a crash leaves no gap.
  void retire(std::vector<std::shared_ptr<const Segment>> segments) { inbox_.put(std::move(segments)); }

 private:
  using Clock = std::chrono::steady_clock;
  using Segments = std::vector<std::shared_ptr<const Segment>>;
  struct SyncAsked {};
  using Work = std::variant<StoredBatchPtr, Segments, SyncAsked>;

  void run();
  [[nodiscard]] bool commit_here();
  [[nodiscard]] bool is_idle_and_quick() const;
  void hand_over();
  template <typename Do>
  void attempt(const Do& work);
  void take(std::vector<Work> work);
  void write();
  void write_pending();
  void flush();
  void report();
  void roll(std::uint64_t payload_bytes);
  [[nodiscard]] bool remove_retired();
  void sync_when_asked();
  [[nodiscard]] std::optional<Clock::time_point> sync_due() const;
  [[nodiscard]] std::optional<Clock::duration> until_next() const;

  const std::filesystem::path directory_;
  const config::Journal options_;
  Mailbox<ThreadDone>& done_;
  Mailbox<Work> inbox_;

  // Of who appends.
  std::vector<StoredBatchPtr> appended_;  // since the last commit()
  std::size_t appended_bytes_ = 0;

  // Of the thread that has the turn.
  std::mutex turn_;
  SegmentWriter newest_;
  std::size_t entries_committed_;       // of its index
  SegmentEnd committed_;                // in it
  std::deque<StoredBatchPtr> pending_;  // not committed, in order
  std::size_t added_ = 0;               // of them
  std::size_t added_bytes_ = 0;
  Segments retired_;
  Clock::time_point unsynced_since_ = Clock::now();
  bool sync_asked_ = false;
  std::chrono::nanoseconds commit_took_{0};  // of late

  std::string trouble_;  // empty: what is queued can be written
  Clock::time_point write_again_ = Clock::now();
  std::string delete_trouble_;
  Clock::time_point delete_again_ = Clock::now();

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace reel::broker
