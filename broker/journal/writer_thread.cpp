#include "journal/writer_thread.h"

#include <pthread.h>

#include <algorithm>

namespace reel::broker {

WriterThread::WriterThread(std::filesystem::path directory, const config::Journal& options,
                           SegmentWriter newest, Mailbox<ThreadDone>& done)
    : directory_{std::move(directory)},
      options_{options},
      done_{done},
      newest_{std::move(newest)},
      entries_reported_{newest_.index().entries().size()},
      committed_{newest_.index().end().offset},
      thread_{[this] { run(); }} {
  ::pthread_setname_np(thread_.native_handle(), "journal-write");
}

WriterThread::~WriterThread() {
  inbox_.close();
  thread_.join();
}

void WriterThread::run() try {
  for (bool last = false; !last;) {
    inbox_.wait(until_sync());
    last = inbox_.closed();  // before the take, so that nothing stays behind
    commit(inbox_.take());
    sync_when_due();
  }
  newest_.close();
} catch (const JournalError& error) {
  // What a failed write or sync has left in the file is not known, and a second sync may say "synced" of
  // pages the system has given up. So nothing is tried again: the next start finds out what is there.
  done_.put(WriteFailed{committed_, error.what()});
}

void WriterThread::commit(const std::vector<Work>& work) {
  for (const auto& item : work) {
    const auto* const batch = std::get_if<StoredBatchPtr>(&item);
    if (!batch) continue;
    const auto bytes = (*batch)->bytes();
    if (!newest_.has_room_for(bytes)) roll(bytes);
    newest_.add(**batch);
    added_bytes_ += bytes;
  }
  flush();
  for (const auto& item : work) {
    if (const auto* const segments = std::get_if<Segments>(&item)) remove(*segments);
  }
}

// Writes what was added, makes it durable by the policy, and says so.
void WriterThread::flush() {
  const auto& index = newest_.index();
  if (index.end().offset == committed_) return;
  newest_.write();
  if (options_.sync == config::Sync::always) newest_.sync();
  committed_ = index.end().offset;
  const auto& entries = index.entries();
  done_.put(
      Progress{.segment = newest_.segment(),
               .entries = {entries.begin() + static_cast<std::ptrdiff_t>(entries_reported_), entries.end()},
               .end = index.end(),
               .bytes = added_bytes_});
  entries_reported_ = entries.size();
  added_bytes_ = 0;
}

// The newest segment is full: goes on in a new one, with room for the next batch however large that is.
void WriterThread::roll(std::uint64_t payload_bytes) {
  flush();
  if (newest_.index().empty()) return newest_.make_room_for(payload_bytes);
  newest_.seal();
  const auto& end = newest_.index().end();
  const auto bytes = std::max(options_.segment_bytes, sizeof(SegmentHeader) + record_size(payload_bytes));
  newest_ = SegmentWriter::create(directory_, end.offset, end.last_log_time, bytes);
  entries_reported_ = 0;
}

void WriterThread::remove(const Segments& segments) {
  for (const auto& segment : segments) {
    remove_file(index_path(segment->path()));  // first, or a crash leaves it behind for ever
    remove_file(segment->path());
  }
  sync_directory(directory_);
}

std::optional<WriterThread::Clock::duration> WriterThread::until_sync() const {
  if (options_.sync != config::Sync::interval || newest_.synced()) return std::nullopt;
  return last_sync_ + options_.sync_interval - Clock::now();
}

void WriterThread::sync_when_due() {
  const auto left = until_sync();
  if (!left || *left > Clock::duration::zero()) return;
  newest_.sync();
  last_sync_ = Clock::now();
}

}  // namespace reel::broker
