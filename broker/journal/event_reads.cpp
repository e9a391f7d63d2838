#include "journal/event_reads.h"

#include <algorithm>

namespace reel::broker {
namespace {

// Around one event: its neighbours are often asked for too.
constexpr std::size_t event_read_bytes = 64u << 10;
constexpr std::size_t stretch_read_bytes = 1u << 20;

}  // namespace

bool EventReads::fetch(std::vector<Offset> offsets, std::function<void(std::vector<EventAt>)> then) {
  if (jobs_.size() >= jobs_max) return false;
  std::sort(offsets.begin(), offsets.end());
  Job job{.events = {}, .next = 0, .then = std::move(then), .then_stretch = {}};
  job.events.reserve(offsets.size());
  for (const auto offset : offsets) job.events.push_back({nullptr, offset});
  go_on(std::move(job), {}, false);
  return true;
}

bool EventReads::stretch(Offset from, std::function<void(std::vector<StoredBatchPtr>)> then) {
  if (jobs_.size() >= jobs_max) return false;
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
  ask({.events = {}, .next = 0, .then = {}, .then_stretch = std::move(then)}, from, stretch_read_bytes);
  return true;
}

void EventReads::ask(Job job, Offset from, std::size_t bytes_max) {
  const auto token = next_token_++;
  jobs_.emplace(token, std::move(job));
  journal_.read(token, from, bytes_max);
}

// `answered`: `read` is what the journal said of the next event; where that is not in it, it is nowhere.
void EventReads::go_on(Job job, const std::vector<StoredBatchPtr>& read, bool answered) {
  for (; job.next < job.events.size(); ++job.next) {
    auto& event = job.events[job.next];
    event.batch = log_.tail().find(event.offset);
    if (!event.batch) event.batch = find_batch(read, event.offset);
    if (event.batch || event.offset < journal_.begin_offset() || event.offset >= log_.committed_end())
      continue;
    if (!answered) return ask(std::move(job), event.offset, event_read_bytes);
    answered = false;
  }
  job.then(std::move(job.events));
}

bool EventReads::take_read(const ReadDone& done) {
  if (done.token < first_token) return false;
  const auto found = jobs_.find(done.token);
  if (found == jobs_.end()) return true;
  auto job = std::move(found->second);
  jobs_.erase(found);
  if (job.then_stretch) {
    job.then_stretch(done.batches);
  } else {
    go_on(std::move(job), done.batches, true);
  }
  return true;
}

}  // namespace reel::broker
