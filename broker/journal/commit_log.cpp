#include "journal/commit_log.h"

#include <algorithm>

namespace reel::broker {

CommitLog::CommitLog(Journal& journal, std::size_t tail_bytes_max,
                     std::function<std::uint64_t()> system_clock_ns,
                     std::function<std::uint64_t()> steady_clock_ns)
    : journal_{journal},
      tail_{tail_bytes_max},
      system_clock_ns_{std::move(system_clock_ns)},
      steady_clock_ns_{steady_clock_ns ? std::move(steady_clock_ns) : system_clock_ns_},
      last_time_{journal.last_log_time()},
      steady_at_{steady_clock_ns_()},
      committed_end_{journal.end_offset()},
      appended_end_{journal.end_offset()} {}

LogTime CommitLog::now() {
  const auto steady = steady_clock_ns_();
  const auto passed = steady - std::min(steady, steady_at_);
  steady_at_ = std::max(steady, steady_at_);
  last_time_ = std::max({last_time_ + 1, last_time_ + passed - passed / 10, system_clock_ns_()});
  return last_time_;
}

LogTime CommitLog::watermark() {
  const auto open =
      std::find_if(waiting_.begin(), waiting_.end(), [](const Waiting& item) { return item.batch; });
  return open == waiting_.end() ? now() : open->batch->log_time - 1;
}

LogTime CommitLog::time_of(Offset offset) const {
  const auto batch = tail_.find(offset);
  return batch ? batch->log_time + (offset - batch->first_offset) : journal_.log_time_at(offset);
}

StoredBatchPtr CommitLog::append(std::unique_ptr<StoredBatch> batch, Action when_committed) {
  batch->first_offset = appended_end_;
  batch->log_time = now();
  last_time_ = batch->log_time + batch->count();  // event i has log_time + i
  appended_end_ = batch->end_offset();
  queued_bytes_ += batch->bytes();
  StoredBatchPtr shared = std::move(batch);
  waiting_.push_back({appended_end_, shared, std::move(when_committed), steady_at_});
  journal_.append(shared);
  return shared;
}

void CommitLog::after_all(std::function<void()> action) {
  if (waiting_.empty()) return action();
  waiting_.push_back(
      {appended_end_, nullptr, [action = std::move(action)](const StoredBatchPtr&) { action(); }});
}

void CommitLog::failing(std::string error) {
  if (trouble_.empty()) trouble_since_ = now();
  trouble_ = std::move(error);
}

void CommitLog::committed(const Committed& done, const Action& each) {
  trouble_.clear();
  const auto steady = steady_clock_ns_();
  while (!waiting_.empty() && waiting_.front().end <= done.end_offset) {
    const auto item = std::move(waiting_.front());
    waiting_.pop_front();
    if (item.batch) {
      committed_end_ = item.end;
      queued_bytes_ -= item.batch->bytes();
      tail_.push(item.batch);
      newest_.take(*item.batch);
      each(item.batch);
      committing_.add(steady - std::min(steady, item.since));
    }
    if (item.action) item.action(item.batch);
  }
}

}  // namespace reel::broker
