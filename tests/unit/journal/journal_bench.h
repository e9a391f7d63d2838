// A journal in a directory of its own, and what one can do to it and to its files. Batches are words: "a b"
// is a batch of two events whose data are "a" and "b"; what is read comes back as "1:a 2:b | 3:c", with a bar
// between batches.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.h"
#include "journal/journal.h"

namespace reel::broker {

class JournalBench {
 public:
  explicit JournalBench(config::Journal options = {.sync = config::Sync::always, .segment_bytes = 64 << 10});
  ~JournalBench();

  /// Opened when first used; throws what the journal throws.
  Journal& journal();

  /// Appends a batch and waits for its commit.
  void write(std::string_view words);
  /// Appends it and goes on.
  void write_later(std::string_view words);
  /// Waits until everything appended is committed. False where the disk fails first; see failure().
  bool committed();
  /// Waits until the disk no longer fails and everything appended is committed.
  void recover();
  [[nodiscard]] const std::string& failure() const { return failure_; }
  [[nodiscard]] const std::string& delete_failure() const { return delete_failure_; }
  /// Waits for the journal's next reports.
  void collect();
  /// The committed end that the journal tells of without being waited for.
  Offset committed_now();

  /// Stops in good order.
  void close();
  void reopen() { close(), journal(); }
  /// Leaves the files as they are now, as kill -9 does.
  void crash();
  /// What opening says: "" where it succeeds. The directory's path stands as "DIR".
  std::string reopen_error();
  /// The notes of the last opening, one a line.
  std::string notes();

  std::string read_all() { return read_from(0); }
  std::string read_from(Offset from);
  /// One answer of read(); "error: …" where it has one.
  std::string read_once(Offset from, std::size_t bytes_max);
  std::string scan_from(Offset from);

  /// Deletes what is due and waits until it is gone.
  std::uint64_t retain(Offset keep_from, LogTime now);

  /// The names of the segments, without directory and leading zeros: "1.journal 7.journal".
  std::string segments() const;
  std::filesystem::path segment_path(Offset first_offset) const;
  const std::filesystem::path& directory() const { return directory_; }
  config::Journal& options() { return options_; }

  /// Where the next batch will begin in its segment, and where the last one did.
  std::uint64_t end_position();

  /// On a journal that is closed: from `position` on the segment holds zeros.
  void tear(Offset segment, std::uint64_t position);
  void flip_byte(Offset segment, std::uint64_t position);
  std::string file_bytes(const std::filesystem::path& path) const;

  /// How log time goes: it begins here and each event takes 1.
  void set_log_time(LogTime next) { next_log_time_ = next; }

  std::string shorten(std::string text) const;

 private:
  void take_done();
  template <typename Done>
  Done await_read();

  config::Journal options_;
  std::filesystem::path directory_;
  std::optional<Journal> journal_;
  Offset next_offset_ = 1;
  LogTime next_log_time_ = 1000;
  std::uint64_t sequence_ = 0;
  std::string failure_;
  std::string delete_failure_;
  std::vector<ReadDone> reads_;
};

/// A batch of the words' events, as admission would make it.
StoredBatchPtr batch_of(std::string_view words, Offset first_offset, LogTime log_time);
/// "1:a 2:b"
std::string text_of(const StoredBatch& batch);

}  // namespace reel::broker
