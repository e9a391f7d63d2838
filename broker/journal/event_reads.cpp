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

bool EventReads::fetch(std::vector<Offset> offsets, std::function<void(std::vector<EventAt>)> then) {
  if (full()) return false;
  std::sort(offsets.begin(), offsets.end());
  const auto wanted = offsets.size();
  if (wanted == 0) return then({}), true;
  each(std::move(offsets),
       [wanted, then = std::move(then), all = std::vector<EventAt>{}](EventAt one) mutable {
         all.push_back(std::move(one));
         if (all.size() == wanted) then(std::move(all));
       });
  return true;
}

void EventReads::each(std::vector<Offset> offsets, Found found) {
  go_on({std::move(offsets), 0, std::move(found), {}}, {}, nothing_answered);
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
  ask({{}, 0, {}, std::move(then)}, from, stretch_read_bytes);
  return true;
}

void EventReads::ask(Job job, Offset from, std::size_t bytes_max) {
  const auto token = next_token_++;
  jobs_.emplace(token, std::move(job));
  journal_.read(token, from, bytes_max);
}

// `answered`: the offset that `read` was asked for; where that is not in it, it is nowhere.
void EventReads::go_on(Job job, const std::vector<StoredBatchPtr>& read, Offset answered) {
  for (; job.next < job.offsets.size(); ++job.next) {
    const auto offset = job.offsets[job.next];
    auto batch = log_.tail().find(offset);
    if (!batch) batch = find_batch(read, offset);
    if (!batch && holds(offset) && offset != answered) return ask(std::move(job), offset, event_read_bytes);
    job.found({std::move(batch), offset});
  }
}

bool EventReads::take_read(const ReadDone& done) {
  if (done.token < first_token) return false;
  const auto waits = jobs_.find(done.token);
  if (waits == jobs_.end()) return true;
  auto job = std::move(waits->second);
  jobs_.erase(waits);
  if (job.then_stretch) {
    job.then_stretch(done.batches);
  } else {
    const auto answered = job.offsets[job.next];
    go_on(std::move(job), done.batches, answered);
  }
  return true;
}

}  // namespace reel::broker
