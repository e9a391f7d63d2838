// The thread that makes batches durable. Everything that queued up while it was busy is one commit: one
// pwritev, and by the policy one fdatasync. The longer the disk takes, the more each commit holds, so that
// no one has to choose a batch size or a delay.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
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
  /// Goes on with `newest`. Reports to `done`, which must outlive it.
  WriterThread(std::filesystem::path directory, const config::Journal& options, SegmentWriter newest,
               Mailbox<ThreadDone>& done);
  /// Writes and syncs what is queued.
  ~WriterThread();

  void append(StoredBatchPtr batch) { inbox_.put(std::move(batch)); }
  /// Deletes these segments, in this order, so that a crash leaves no gap.
  void retire(std::vector<std::shared_ptr<const Segment>> segments) { inbox_.put(std::move(segments)); }

 private:
  using Clock = std::chrono::steady_clock;
  using Segments = std::vector<std::shared_ptr<const Segment>>;
  using Work = std::variant<StoredBatchPtr, Segments>;

  void run();
  void commit(const std::vector<Work>& work);
  void flush();
  void roll(std::uint64_t payload_bytes);
  void remove(const Segments& segments);
  void sync_when_due();
  [[nodiscard]] std::optional<Clock::duration> until_sync() const;

  const std::filesystem::path directory_;
  const config::Journal options_;
  Mailbox<ThreadDone>& done_;
  Mailbox<Work> inbox_;

  // Of the thread alone.
  SegmentWriter newest_;
  std::size_t entries_reported_;
  Offset committed_;
  std::size_t added_bytes_ = 0;
  Clock::time_point last_sync_ = Clock::now();

  std::thread thread_;  // last: it uses all of the above
};

}  // namespace reel::broker
