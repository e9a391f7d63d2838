#include "journal/writer_thread.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

namespace reel::broker {

WriterThread::WriterThread(std::filesystem::path directory, const config::Journal& options,
                           SegmentWriter newest, Mailbox<ThreadDone>& done)
    : directory_{std::move(directory)},
      options_{options},
      done_{done},
      newest_{std::move(newest)},
      entries_committed_{newest_.index().entries().size()},
      committed_{newest_.index().end()},
      thread_{[this] { run(); }} {
  ::pthread_setname_np(thread_.native_handle(), "journal-write");
}

WriterThread::~WriterThread() {
  hand_over();
  inbox_.close();
  thread_.join();
}

void WriterThread::append(StoredBatchPtr batch) {
  appended_bytes_ += batch->bytes();
  appended_.push_back(std::move(batch));
}

void WriterThread::commit() {
  if (!appended_.empty() && !commit_here()) hand_over();
}

void WriterThread::hand_over() {
  for (auto& batch : appended_) inbox_.put(std::move(batch));
  appended_.clear();
  appended_bytes_ = 0;
}

bool WriterThread::commit_here() {
  if (appended_bytes_ > commit_here_bytes_max) return false;
  const std::unique_lock turn{turn_, std::try_to_lock};
  if (!turn || !is_idle_and_quick()) return false;
  const bool had_synced = newest_.synced();
  for (auto& batch : appended_) pending_.push_back(std::move(batch));
  appended_.clear();
  appended_bytes_ = 0;
  attempt([this] { write_pending(); });
  // There is something to sync in time, or to try again: the thread does not know.
  if (!trouble_.empty() || (had_synced && sync_due())) inbox_.ring();
  return true;
}

bool WriterThread::is_idle_and_quick() const {
  if (!inbox_.empty() || !pending_.empty() || !retired_.empty() || sync_asked_) return false;
  if (!trouble_.empty() || newest_.sync_failed() || commit_took_ >= commit_here_took_max) return false;
  std::size_t bytes = 0;
  for (const auto& batch : appended_) bytes += record_size(batch->bytes());
  return newest_.has_room_for(bytes);
}

void WriterThread::run() {
  std::optional<Clock::duration> next;
  for (bool last = false; !last;) {
    inbox_.wait(next);
    const std::lock_guard turn{turn_};
    last = inbox_.closed();  // before the take, so that nothing stays behind
    take(inbox_.take());
    if (trouble_.empty() || last || Clock::now() >= write_again_) write();
    const bool may_delete = delete_trouble_.empty() || Clock::now() >= delete_again_;
    if (!retired_.empty() && may_delete && remove_retired() && !trouble_.empty()) write();
    next = until_next();
  }
  try {
    newest_.close();
  } catch (const JournalError&) {
    // Was told while there was someone to tell. The next start finds out what is there.
  }
}

void WriterThread::take(std::vector<Work> work) {
  for (auto& item : work) {
    if (auto* const batch = std::get_if<StoredBatchPtr>(&item)) {
      pending_.push_back(std::move(*batch));
    } else if (std::holds_alternative<SyncAsked>(item)) {
      sync_asked_ = true;
    } else {
      auto& segments = std::get<Segments>(item);
      retired_.insert(retired_.end(), segments.begin(), segments.end());
    }
  }
}

void WriterThread::write() {
  attempt([this] {
    // Before more is taken for committed that cannot be synced.
    if (newest_.sync_failed()) newest_.sync();
    sync_when_asked();  // first: a disk that has no room for more may well sync what it has
    write_pending();
    const auto due = sync_due();
    if (due && *due <= Clock::now()) newest_.sync();
  });
}

// Brings what is pending to the disk by `work`, or puts it all back to where it can be tried again.
template <typename Do>
void WriterThread::attempt(const Do& work) try {
  work();
  if (std::exchange(trouble_, {}).empty()) return;
  report();  // there may have been nothing but a sync to make up for
} catch (const JournalError& error) {
  newest_.rewind(entries_committed_, committed_);
  added_ = added_bytes_ = 0;
  write_again_ = Clock::now() + retry_interval;
  if (std::exchange(trouble_, error.what()) != error.what()) done_.put(WriteFailing{trouble_});
}

void WriterThread::write_pending() {
  while (added_ < pending_.size()) {
    const auto bytes = pending_[added_]->bytes();
    if (!newest_.has_room_for(bytes)) roll(bytes);
    newest_.add(*pending_[added_]);
    ++added_;
    added_bytes_ += bytes;
  }
  flush();
}

// Writes what was added, makes it durable by the policy, and says so.
void WriterThread::flush() {
  if (added_ == 0) return;
  const auto began = Clock::now();
  if (newest_.synced()) unsynced_since_ = began;
  newest_.write();
  if (options_.sync == config::Sync::always) newest_.sync();
  commit_took_ = (3 * commit_took_ + (Clock::now() - began)) / 4;
  trouble_.clear();
  report();
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(added_));
  added_ = added_bytes_ = 0;
}

void WriterThread::report() {
  const auto& entries = newest_.index().entries();
  committed_ = newest_.index().end();
  done_.put(
      Progress{.segment = newest_.segment(),
               .entries = {entries.begin() + static_cast<std::ptrdiff_t>(entries_committed_), entries.end()},
               .end = committed_,
               .bytes = added_bytes_,
               .synced_end = newest_.synced_end()});
  entries_committed_ = entries.size();
}

// The newest segment is full: goes on in a new one, with room for the next batch however large that is.
void WriterThread::roll(std::uint64_t payload_bytes) {
  flush();
  if (newest_.index().empty()) return newest_.make_room_for(payload_bytes);
  newest_.seal();
  const auto& end = newest_.index().end();
  const auto bytes = std::max(options_.segment_bytes, sizeof(SegmentHeader) + record_size(payload_bytes));
  newest_ = SegmentWriter::create(directory_, end.offset, end.last_log_time, bytes);
  entries_committed_ = 0;
  committed_ = newest_.index().end();
}

// Says whether anything was deleted. Goes no further than the first that cannot be, so that there is no gap.
bool WriterThread::remove_retired() {
  auto at = retired_.begin();
  try {
    for (; at != retired_.end(); ++at) {
      remove_file(index_path((*at)->path()));  // first, or a crash leaves it behind for ever
      remove_file((*at)->path());
    }
    sync_directory(directory_);
    delete_trouble_.clear();
  } catch (const JournalError& error) {
    delete_again_ = Clock::now() + retry_interval;
    if (std::exchange(delete_trouble_, error.what()) != error.what()) {
      done_.put(DeleteFailed{delete_trouble_});
    }
  }
  const bool any = at != retired_.begin();
  retired_.erase(retired_.begin(), at);
  return any;
}

std::optional<WriterThread::Clock::time_point> WriterThread::sync_due() const {
  if (options_.sync != config::Sync::interval || newest_.synced()) return std::nullopt;
  return unsynced_since_ + options_.sync_interval;
}

void WriterThread::sync_when_asked() {
  if (!sync_asked_) return;
  if (!newest_.synced()) newest_.sync();
  sync_asked_ = false;
  done_.put(Synced{newest_.synced_end()});
}

// How long there is nothing to do unless something comes.
std::optional<WriterThread::Clock::duration> WriterThread::until_next() const {
  auto next = trouble_.empty() ? sync_due() : std::optional{write_again_};
  if (!retired_.empty() && (!next || delete_again_ < *next)) next = delete_again_;
  return next ? std::optional{*next - Clock::now()} : std::nullopt;
}

}  // namespace reel::broker
