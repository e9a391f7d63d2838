#include "journal/event_reads.h"

#include <algorithm>
#include <utility>

namespace reel::broker {
namespace {

// Around one event: as much as the index's spacing, which the way to it costs anyway.
constexpr std::size_t event_read_bytes = 64u << 10;
constexpr std::size_t stretch_read_bytes = 1u << 20;
constexpr Offset nothing_answered = 0;

}  // namespace

bool EventReads::fetch(std::vector<Offset> offsets, Found found, std::function<void()> then) {
  if (full()) return false;
  std::sort(offsets.begin(), offsets.end());
  go_on({.offsets = std::move(offsets), .found = std::move(found), .then = std::move(then)}, {},
        nothing_answered);
  return true;
}

void EventReads::each(std::vector<Offset> offsets, Found found) {
  go_on({.offsets = std::move(offsets), .found = std::move(found)}, {}, nothing_answered);
}

bool EventReads::stretch(Offset from, std::function<void(std::vector<StoredBatchPtr>)> then) {
  if (full()) return false;
  std::vector<StoredBatchPtr> recent;
  std::size_t bytes = 0;
  while (auto batch = bytes < stretch_read_bytes ? log_.tail().find(from) : nullptr) {
    bytes += batch->bytes();
    from = batch->end_offset();
    recent.push_back(std::move(batch));
  }
  if (!recent.empty() || from >= log_.committed_end()) {
    then(std::move(recent));
    return true;
  }
  read({.then_stretch = std::move(then), .from = from, .bytes_max = stretch_read_bytes});
  return true;
}

// Who has begun goes first: it may hold a part of its answer.
void EventReads::read(Job job) {
  if (reading_.size() < reads_max) {
    const auto token = next_token_++;
    journal_.read(token, job.from, job.bytes_max);
    reading_.emplace(token, std::move(job));
  } else if (job.next > 0) {
    waiting_.push_front(std::move(job));
  } else {
    waiting_.push_back(std::move(job));
  }
}

void EventReads::read_for_those_who_wait() {
  while (!waiting_.empty() && reading_.size() < reads_max) {
    auto job = std::move(waiting_.front());
    waiting_.pop_front();
    read(std::move(job));
  }
}

// `answered`: the offset that `read` was asked for; where that is not in it, it is nowhere.
void EventReads::go_on(Job job, const std::vector<StoredBatchPtr>& read, Offset answered) {
  for (; job.next < job.offsets.size(); ++job.next) {
    const auto offset = job.offsets[job.next];
    auto batch = log_.tail().find(offset);
    if (!batch) batch = find_batch(read, offset);
    if (!batch && holds(offset) && offset != answered) {
      job.from = offset;
      job.bytes_max = event_read_bytes;
      return this->read(std::move(job));
    }
    job.found({std::move(batch), offset});
  }
  if (job.then) job.then();
}

bool EventReads::take_read(const ReadDone& done) {
  if (done.token < first_token) return false;
  const auto waits = reading_.find(done.token);
  if (waits == reading_.end()) return true;
  auto job = std::move(waits->second);
  reading_.erase(waits);
  if (job.then_stretch) {
    job.then_stretch(done.batches);
  } else {
    const auto answered = job.offsets[job.next];
    go_on(std::move(job), done.batches, answered);
  }
  read_for_those_who_wait();
  return true;
}

}  // namespace reel::broker
