// The journal: an append-only log of batches in preallocated segment files (docs/journal.md has the format).
//
//   Journal journal{directory, options};             // recovers, or throws JournalError and says why
//   journal.scan(from, [](const StoredBatchPtr& batch) { … });   // before the broker begins: rebuild state
//   journal.append(batch); …              // offset and log time are already set; never blocks
//   journal.commit();                     // sets about writing them
//   … poll journal.event_fd(), then
//   for (auto& done : journal.take_done()) …     // commits in order, and finished reads
//
// One writer thread turns everything that was queued while it was busy into one commit: one pwritev, and one
// fdatasync where the policy asks for it. Where the disk fails it tries again every second. One reader thread
// serves those who lag. All calls are made by the one thread that owns the Journal.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "config/model.h"
#include "journal/journal_error.h"
#include "journal/stored_batch.h"

namespace reel::broker {

/// Everything up to here is durable by the policy.
struct Committed {
  Offset end_offset = 0;
  std::size_t bytes = 0;  ///< that left the queue with this commit
};

/// The answer to read().
struct ReadDone {
  std::uint64_t token = 0;
  /// In offset order; the first one holds or follows the offset asked for. Empty at the journal's end, or
  /// where `error` says why.
  std::vector<StoredBatchPtr> batches;
  std::string error;
};

/// The disk is full or failing: what is queued stays queued, in order, and is tried again until the next
/// Committed says that it is over. Told once, and again where the sentence is another one.
struct WriteFailing {
  std::string error;
};

/// Segments whose time is over could not be deleted; that is tried again too.
struct DeleteFailed {
  std::string error;
};

using JournalDone = std::variant<Committed, ReadDone, WriteFailing, DeleteFailed>;

class Journal {
 public:
  /// Opens or creates the journal in `directory`, takes its lock, cuts a torn tail. Throws JournalError: the
  /// directory is used by another broker, cannot be written, the disk is full, a segment is corrupt before
  /// its last commit (file and byte position are named).
  Journal(std::filesystem::path directory, const config::Journal& options);
  ~Journal();  // writes what is queued, syncs, joins the threads
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// What recovery found and did, a line each, for the log.
  [[nodiscard]] const std::vector<std::string>& recovery_notes() const;

  /// The oldest offset still held, the end of what is committed and the log time of the last event there, as
  /// recovery found them and take_done() has told since.
  [[nodiscard]] Offset begin_offset() const;
  [[nodiscard]] Offset end_offset() const;
  [[nodiscard]] LogTime last_log_time() const;
  /// First offset whose log time is >= `time`; end_offset() where there is none. Reads some 64 KiB of a
  /// segment. Throws JournalError where they are damaged.
  [[nodiscard]] Offset offset_at(LogTime time) const;

  /// When the event at `offset` was accepted; 0 where the journal does not hold it, or cannot be read there.
  /// Reads some 64 KiB of a segment.
  [[nodiscard]] LogTime log_time_at(Offset offset) const;

  /// Visits every batch from the one that holds `from` to the end. Only before the first append(). Throws
  /// JournalError at a damaged batch.
  void scan(Offset from, const std::function<void(const StoredBatchPtr&)>& visit);

  /// Queues a batch whose first_offset is the previous one's end_offset. The bytes queued are bounded by the
  /// caller, who counts them back with Committed::bytes.
  void append(StoredBatchPtr batch);
  /// Sets about committing what was appended. A little of it is committed on return, where the writer has
  /// nothing to do and the disk was quick of late; take_done() tells either way. So this takes some 10 us,
  /// under `always` a sync; where a disk that was quick hangs, as long as it does.
  void commit();
  /// Asks for about `bytes_max` of committed batches from the one that holds `from`. At least one batch comes
  /// where there is one; fewer bytes than asked for say nothing about the end, only no batch does. Answers
  /// come in the order of the questions.
  void read(std::uint64_t token, Offset from, std::size_t bytes_max);
  /// Questions that take_done() has not brought the answer to.
  [[nodiscard]] std::size_t reads_under_way() const;

  /// Everything before this offset is on the disk, whatever the policy: as recovery found it, and take_done()
  /// has told since.
  [[nodiscard]] Offset synced_end() const;
  /// Asks that what is committed be synced; synced_end() tells when it is, which may be late where the disk
  /// fails. Under `always` it is already.
  void sync();

  /// Readable when take_done() has something.
  [[nodiscard]] int event_fd() const;
  [[nodiscard]] std::vector<JournalDone> take_done();

  /// Deletes the oldest segments that are past `retain` at `now`, or beyond `retain_bytes`. The newest one is
  /// kept, and so is every one that holds an offset >= `keep_from`. Says how many bytes that frees;
  /// begin_offset() rises at once, the files go when the writer comes to it.
  std::uint64_t retain(Offset keep_from, LogTime now);
  /// Where the journal would begin after retain() if nothing of it were needed.
  [[nodiscard]] Offset retained_from(LogTime now) const;
  /// From here on segments are kept by `retain` and `retain_bytes` of these; the rest of them stays as it
  /// was.
  void set_retention(const config::Journal& options);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace reel::broker
