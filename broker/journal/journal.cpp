#include "journal/journal.h"

#include <algorithm>
#include <cassert>
#include <deque>

#include "journal/directory_lock.h"
#include "journal/done.h"
#include "journal/mailbox.h"
#include "journal/reader_thread.h"
#include "journal/recovery.h"
#include "journal/segment_reader.h"
#include "journal/writer_thread.h"

namespace reel::broker {

namespace {

constexpr std::size_t scan_block_bytes = 1 << 20;
constexpr Offset first_offset_ever = 1;

std::string unreadable(const SegmentReader& reader) {
  return reader.damage() + "; restore the file from a copy";
}

}  // namespace

class Journal::Impl {
 public:
  Impl(std::filesystem::path directory, const config::Journal& options)
      : options_{options},
        lock_{directory},
        recovered_{recover(directory)},
        writer_{directory, options, open_newest(directory), done_},
        reader_{done_} {}

  const std::vector<std::string>& notes() const { return recovered_.notes; }
  Offset begin_offset() const { return segments_.front().segment->first_offset(); }
  const SegmentEnd& end() const { return segments_.back().index.end(); }

  Offset offset_at(LogTime time) const;
  LogTime log_time_at(Offset offset) const;
  void scan(Offset from, const std::function<void(const StoredBatchPtr&)>& visit) const;
  void append(StoredBatchPtr batch) { writer_.append(std::move(batch)); }
  void commit() { writer_.commit(); }
  void read(std::uint64_t token, Offset from, std::size_t bytes_max);
  std::size_t reads_under_way() const { return reads_under_way_; }
  Offset synced_end() const { return synced_end_; }
  void sync() { writer_.sync(); }
  int event_fd() const { return done_.fd(); }
  std::vector<JournalDone> take_done();
  std::uint64_t retain(Offset keep_from, LogTime now);
  Offset retained_from(LogTime now) const;
  void set_retention(const config::Journal& options) {
    options_.retain = options.retain;
    options_.retain_bytes = options.retain_bytes;
  }

 private:
  SegmentWriter open_newest(const std::filesystem::path& directory);
  void apply(Progress progress);
  std::size_t due_segments(LogTime now) const;

  config::Journal options_;
  const DirectoryLock lock_;
  Recovered recovered_;
  std::deque<IndexedSegment> segments_;  // by offset; never empty; what take_done() has told of
  Offset synced_end_ = first_offset_ever;
  std::size_t reads_under_way_ = 0;
  Mailbox<ThreadDone> done_;
  WriterThread writer_;
  ReaderThread reader_;
};

SegmentWriter Journal::Impl::open_newest(const std::filesystem::path& directory) {
  if (recovered_.segments.empty()) {
    auto first = SegmentWriter::create(directory, first_offset_ever, 0, options_.segment_bytes);
    segments_.push_back({first.segment(), first.index()});
    return first;
  }
  for (auto& segment : recovered_.segments) segments_.push_back(std::move(segment));
  recovered_.segments.clear();
  synced_end_ = end().offset;  // recovery has synced what it found
  return SegmentWriter::resume(segments_.back());
}

Offset Journal::Impl::offset_at(LogTime time) const {
  const auto holds = std::find_if(segments_.begin(), segments_.end(), [time](const IndexedSegment& each) {
    return !each.index.empty() && each.index.end().last_log_time >= time;
  });
  if (holds == segments_.end()) return end().offset;
  const auto& entry = holds->index.entry_before_time(time);
  SegmentReader reader{holds->segment, entry.position, entry.offset, holds->index.end().position,
                       SegmentIndex::spacing_bytes};
  while (reader.next()) {
    const auto& record = reader.header();
    if (record.last_log_time() < time) continue;
    return record.first_offset + (time > record.log_time ? time - record.log_time : 0);
  }
  throw JournalError{unreadable(reader)};
}

LogTime Journal::Impl::log_time_at(Offset offset) const try {
  const auto holds = std::find_if(segments_.begin(), segments_.end(), [offset](const IndexedSegment& each) {
    return !each.index.empty() && each.index.end().offset > offset;
  });
  if (holds == segments_.end() || offset < holds->segment->first_offset()) return 0;
  const auto& entry = holds->index.entry_before(offset);
  SegmentReader reader{holds->segment, entry.position, entry.offset, holds->index.end().position,
                       SegmentIndex::spacing_bytes};
  while (reader.next()) {
    if (reader.offset() > offset) return reader.header().log_time + (offset - reader.header().first_offset);
  }
  return 0;
} catch (const JournalError&) {
  return 0;  // whoever reads the event itself is told
}

void Journal::Impl::scan(Offset from, const std::function<void(const StoredBatchPtr&)>& visit) const {
  for (const auto& [segment, index] : segments_) {
    if (index.end().offset <= from || index.empty()) continue;
    const auto& entry = index.entry_before(from);
    SegmentReader reader{segment, entry.position, entry.offset, index.end().position, scan_block_bytes};
    while (reader.next()) {
      if (reader.offset() > from) visit(reader.batch());
    }
    if (reader.position() < index.end().position) throw JournalError{unreadable(reader)};
  }
}

void Journal::Impl::read(std::uint64_t token, Offset from, std::size_t bytes_max) {
  const auto behind = std::upper_bound(
      segments_.begin(), segments_.end(), from,
      [](Offset offset, const IndexedSegment& each) { return offset < each.segment->first_offset(); });
  const auto& [segment, index] = behind == segments_.begin() ? *behind : *std::prev(behind);
  ReadRequest request{.token = token, .from = from, .bytes_max = bytes_max};
  if (index.end().offset > from && !index.empty()) {
    request.segment = segment;
    request.begin = index.entry_before(from);
    request.end_position = index.end().position;
  }
  ++reads_under_way_;
  reader_.read(std::move(request));
}

std::vector<JournalDone> Journal::Impl::take_done() {
  std::vector<JournalDone> all;
  for (auto& done : done_.take()) {
    if (auto* const progress = std::get_if<Progress>(&done)) {
      all.emplace_back(Committed{progress->end.offset, progress->bytes});
      apply(std::move(*progress));
    } else if (const auto* const synced = std::get_if<Synced>(&done)) {
      synced_end_ = std::max(synced_end_, synced->end);
    } else if (auto* const read = std::get_if<ReadDone>(&done)) {
      --reads_under_way_;
      all.emplace_back(std::move(*read));
    } else if (auto* const failing = std::get_if<WriteFailing>(&done)) {
      all.emplace_back(std::move(*failing));
    } else {
      all.emplace_back(std::move(std::get<DeleteFailed>(done)));
    }
  }
  return all;
}

void Journal::Impl::apply(Progress progress) {
  if (progress.segment != segments_.back().segment) {
    segments_.push_back({progress.segment, SegmentIndex{*progress.segment}});
  }
  segments_.back().index.extend(progress.entries, progress.end);
  synced_end_ = std::max(synced_end_, progress.synced_end);
}

std::uint64_t Journal::Impl::retain(Offset keep_from, LogTime now) {
  std::uint64_t freed_bytes = 0;
  std::vector<std::shared_ptr<const Segment>> retired;
  for (auto due = due_segments(now); due > 0 && segments_.front().index.end().offset <= keep_from; --due) {
    freed_bytes += segments_.front().index.end().position;
    retired.push_back(segments_.front().segment);
    segments_.pop_front();
  }
  if (!retired.empty()) writer_.retire(std::move(retired));
  return freed_bytes;
}

Offset Journal::Impl::retained_from(LogTime now) const {
  return segments_[due_segments(now)].segment->first_offset();
}

// How many of the oldest segments are too old or too much; never the newest.
std::size_t Journal::Impl::due_segments(LogTime now) const {
  const auto retain_ns = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(options_.retain).count());
  // The newest one counts with all that it has reserved.
  std::uint64_t bytes = std::max(options_.segment_bytes, end().position);
  for (std::size_t i = 0; i + 1 < segments_.size(); ++i) bytes += segments_[i].index.end().position;

  std::size_t count = 0;
  for (; count + 1 < segments_.size(); ++count) {
    const auto& end = segments_[count].index.end();
    const bool too_old = now > end.last_log_time && now - end.last_log_time > retain_ns;
    if (!too_old && bytes <= options_.retain_bytes) break;
    bytes -= end.position;
  }
  return count;
}

Journal::Journal(std::filesystem::path directory, const config::Journal& options)
    : impl_{std::make_unique<Impl>(std::move(directory), options)} {}
Journal::~Journal() = default;

const std::vector<std::string>& Journal::recovery_notes() const {
  return impl_->notes();
}
Offset Journal::begin_offset() const {
  return impl_->begin_offset();
}
Offset Journal::end_offset() const {
  return impl_->end().offset;
}
LogTime Journal::last_log_time() const {
  return impl_->end().last_log_time;
}
Offset Journal::offset_at(LogTime time) const {
  return impl_->offset_at(time);
}

LogTime Journal::log_time_at(Offset offset) const {
  return impl_->log_time_at(offset);
}

void Journal::scan(Offset from, const std::function<void(const StoredBatchPtr&)>& visit) {
  impl_->scan(from, visit);
}
void Journal::append(StoredBatchPtr batch) {
  impl_->append(std::move(batch));
}
void Journal::commit() {
  impl_->commit();
}
void Journal::read(std::uint64_t token, Offset from, std::size_t bytes_max) {
  impl_->read(token, from, bytes_max);
}
std::size_t Journal::reads_under_way() const {
  return impl_->reads_under_way();
}

Offset Journal::synced_end() const {
  return impl_->synced_end();
}
void Journal::sync() {
  impl_->sync();
}

int Journal::event_fd() const {
  return impl_->event_fd();
}
std::vector<JournalDone> Journal::take_done() {
  return impl_->take_done();
}
std::uint64_t Journal::retain(Offset keep_from, LogTime now) {
  return impl_->retain(keep_from, now);
}
Offset Journal::retained_from(LogTime now) const {
  return impl_->retained_from(now);
}
void Journal::set_retention(const config::Journal& options) {
  impl_->set_retention(options);
}

}  // namespace reel::broker
