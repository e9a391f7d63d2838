#include "service/due_events.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "event/batch.h"
#include "service/own_record.h"

namespace reel::broker {
namespace {

// Due events that are being read or are not committed yet: some milliseconds' worth, held in memory.
constexpr std::size_t window_events_max = 2'000;
// Of one record of the journal, so that others come in between.
constexpr std::size_t portion_events_max = 500;
constexpr std::size_t portion_bytes_max = 1u << 20;
// Bytes waiting to be written before no more events are taken: publishers come first.
constexpr std::size_t journal_queue_bytes_max = 16u << 20;
// Reads at a time, each for its share of what is due: a slow disk is asked for several things at once.
constexpr std::size_t reads_max = 16;
constexpr std::size_t read_events_min = 16;
// A place that cannot be read is tried again this often: someone may have restored the file.
constexpr std::uint64_t read_retry_ns = 10'000'000'000;

// Writes events into runs.
class Portion {
 public:
  void add(const v1::Delayed& delayed) {
    const RunHead head{.source = delayed.source(),
                       .topic = delayed.topic(),
                       .dataschema = delayed.dataschema(),
                       .chosen_ids = delayed.chosen_ids()};
    const bool same = last_ != nullptr && last_->topic() == head.topic && last_->source() == head.source &&
                      last_->dataschema() == head.dataschema && last_->chosen_ids() == head.chosen_ids;
    if (!same) writer_.begin_run(head);
    last_ = &delayed;
    writer_.add_encoded(delayed.event());
  }
  [[nodiscard]] std::size_t bytes() const { return writer_.size(); }
  void append_to(StoredBatch& batch) {
    if (!writer_.empty()) batch.append_own(writer_.take());
  }

 private:
  BatchWriter writer_;
  const v1::Delayed* last_ = nullptr;
};

}  // namespace

void DueEvents::turn() {
  const auto now = log_.now();
  if (!aside_.empty() && now >= aside_until_) {
    queue_.insert(queue_.begin(), aside_.begin(), aside_.end());
    std::vector<Offset> offsets;
    for (const auto& waiting : std::exchange(aside_, {})) offsets.push_back(waiting.offset);
    ask(std::move(offsets));
  }
  take(now);
  while (!queue_.empty() && read_.contains(queue_.front().offset)) publish();
}

bool DueEvents::full() const {
  return queue_.size() + uncommitted_ >= window_events_max || log_.queued_bytes() >= journal_queue_bytes_max;
}

void DueEvents::take(LogTime now) {
  if (full() || delays_.next_due() == 0 || delays_.next_due() > now) return;
  const auto due = delays_.take_due(now, window_events_max - queue_.size() - uncommitted_);
  std::vector<Offset> offsets;
  offsets.reserve(due.size());
  for (const auto& waiting : due) offsets.push_back(waiting.offset);
  queue_.insert(queue_.end(), due.begin(), due.end());
  ask(std::move(offsets));
}

void DueEvents::ask(std::vector<Offset> offsets) {
  std::sort(offsets.begin(), offsets.end());
  const auto share = std::max(read_events_min, (offsets.size() + reads_max - 1) / reads_max);
  for (std::size_t begin = 0; begin < offsets.size(); begin += share) {
    const auto first = offsets.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto last = offsets.begin() + static_cast<std::ptrdiff_t>(std::min(begin + share, offsets.size()));
    reads_.each({first, last}, [this](const EventAt& event) { found(event); });
  }
}

void DueEvents::found(const EventAt& event) {
  read_.emplace(event.offset, event.batch ? delayed_at(*event.batch, event.offset) : std::nullopt);
}

void DueEvents::publish() {
  Portion journal;
  Portion live;
  v1::DelayedEnded ended;
  std::vector<Delays::Waiting> unreadable;
  std::vector<v1::Delayed> events;  // the portions look back at the last
  events.reserve(portion_events_max);
  while (!queue_.empty() && events.size() < portion_events_max &&
         journal.bytes() + live.bytes() < portion_bytes_max) {
    const auto next = queue_.front();
    auto read = read_.find(next.offset);
    if (read == read_.end()) break;
    queue_.pop_front();
    if (read->second) {
      const auto& delayed = events.emplace_back(*std::move(read->second));
      const auto topic = config_.topics.find(delayed.topic());
      (topic == config_.topics.end() || topic->second.durable ? journal : live).add(delayed);
      ended.add_offsets(next.offset);
    } else {
      unreadable.push_back(next);
    }
    read_.erase(read);
  }
  set_aside(unreadable);
  if (events.empty()) return;
  Admitted admitted;
  journal.append_to(admitted.journal);
  live.append_to(admitted.live);
  uncommitted_ += events.size();
  publishing_.append(std::move(admitted), own_record(delayed_ended_topic, delayed_topic, ended, log_.now()),
                     [this, count = events.size()](const StoredBatchPtr&) {
                       uncommitted_ -= count;
                       published_ += count;
                     });
}

void DueEvents::set_aside(const std::vector<Delays::Waiting>& unreadable) {
  if (unreadable.empty()) return;
  spdlog::error("broker    delayed_unreadable events={} first_offset={} retry_s={}", unreadable.size(),
                unreadable.front().offset, read_retry_ns / 1'000'000'000);
  if (aside_.empty()) aside_until_ = log_.now() + read_retry_ns;
  aside_.insert(aside_.end(), unreadable.begin(), unreadable.end());
}

LogTime DueEvents::next_deadline() const {
  LogTime next = full() ? 0 : delays_.next_due();
  if (!aside_.empty() && (next == 0 || aside_until_ < next)) next = aside_until_;
  return next;
}

}  // namespace reel::broker
