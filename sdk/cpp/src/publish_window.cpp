#include "publish_window.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace reel::sdk {
namespace {

// Walks run-length pairs (entries, value) beside the entries of a batch.
class Pairs {
 public:
  explicit Pairs(const google::protobuf::RepeatedField<std::uint32_t>& pairs) : pairs_{pairs} {}

  std::uint32_t next() {
    while (left_ == 0 && at_ + 1 < pairs_.size()) {
      left_ = pairs_.Get(at_);
      value_ = pairs_.Get(at_ + 1);
      at_ += 2;
    }
    if (left_ == 0) return 0;
    --left_;
    return value_;
  }

 private:
  const google::protobuf::RepeatedField<std::uint32_t>& pairs_;
  int at_ = 0;
  std::uint32_t left_ = 0;
  std::uint32_t value_ = 0;
};

// Calls each(index, head, event) for the entries of a batch we wrote ourselves.
template <class Each>
void for_each_entry(std::string_view bytes, Each each) {
  BatchReader batch{bytes};
  std::uint32_t index = 0;
  while (auto run = batch.next_run()) {
    while (auto event = run->next_event()) each(index++, run->head, *event);
  }
}

// The same event may be accepted later.
bool is_for_now(const v1::Refusal& refusal) {
  return refusal.reason() == v1::REFUSAL_JOURNAL_UNAVAILABLE;
}

// What the broker said about each entry.
std::vector<PublishResult> results_of(const v1::Accepted& accepted, std::uint32_t count) {
  std::vector<PublishResult> results(count);
  for (auto& result : results) result.outcome = PublishOutcome::accepted;
  for (const auto& refusal : accepted.refusals()) {
    if (refusal.index() >= count) continue;
    auto& result = results[refusal.index()];
    result.outcome = is_for_now(refusal) ? PublishOutcome::unavailable : PublishOutcome::rejected;
    result.reason = refusal.reason();
    result.text = refusal.text();
    result.retry_after = std::chrono::milliseconds{refusal.retry_after_ms()};
  }
  for (const auto& duplicate : accepted.duplicates()) {
    if (duplicate.index() >= count) continue;
    auto& result = results[duplicate.index()];
    result.outcome = PublishOutcome::duplicate;
    result.offset = duplicate.offset();
  }
  Pairs matched{accepted.matched()};
  Pairs live_only{accepted.live_only()};
  Pairs delayed{accepted.delayed()};
  auto offset = accepted.first_offset();
  for (auto& result : results) {
    result.matched = matched.next();
    const bool taken = result.outcome == PublishOutcome::accepted;
    const bool live = live_only.next() != 0;
    result.delayed = delayed.next() != 0 && taken;
    if (taken && !live && !result.delayed && offset != 0) result.offset = offset++;
  }
  for (auto& result : results) {  // they stand behind the others
    if (result.delayed && offset != 0) result.offset = offset++;
  }
  return results;
}

}  // namespace

std::string too_large_text(std::size_t bytes, std::size_t bytes_max) {
  return "the event is " + std::to_string(bytes) + " bytes long, at most " + std::to_string(bytes_max) +
         " are allowed";
}

PublishWindow::PublishWindow(std::uint64_t producer, std::size_t buffer_bytes_max)
    : producer_{producer}, buffer_bytes_max_{buffer_bytes_max} {}

PublishWindow::Appended PublishWindow::append(const RunHead& head, std::string_view event_bytes,
                                              PublishCallback& callback) {
  if (event_bytes_max_ != 0 && event_bytes.size() > event_bytes_max_) return Appended::too_large;
  if (!has_room(event_bytes.size())) return Appended::back_pressured;

  // A run's head may come on top; 1 KiB covers its three names.
  const auto target = std::min(batch_bytes_target, batch_bytes_max_);
  if (open_.count != 0 && open_writer_.size() + event_bytes.size() + 1024 > target) seal();
  // Large batches follow large ones, and take over their memory.
  if (open_.count == 0 && last_batch_bytes_ >= grown_batch_bytes) open_writer_.reuse(buffers_->take());
  if (open_.count == 0 || head.topic != open_topic_ || head.dataschema != open_type_ ||
      head.source != open_source_ || head.chosen_ids != open_chosen_) {
    open_source_ = head.source;
    open_topic_ = head.topic;
    open_type_ = head.dataschema;
    open_chosen_ = head.chosen_ids;
    open_writer_.begin_run(head);
  }
  const auto before = open_writer_.size();
  open_writer_.add_encoded(event_bytes);
  if (open_.count == 0) open_.first = appended_;
  if (callback) open_.waiters.push_back({open_.count, std::move(callback)});
  ++open_.count;
  ++appended_;
  open_.event_bytes = std::max(open_.event_bytes, event_bytes.size());
  held_bytes_ += open_writer_.size() - before;

  const bool grown = open_writer_.size() >= grown_batch_bytes;
  const bool wake = joined_ && (!told_ || (grown && !grown_told_));
  if (joined_) told_ = true;
  if (grown) grown_told_ = true;
  return wake ? Appended::queued_wake : Appended::queued;
}

void PublishWindow::seal() {
  last_batch_bytes_ = open_writer_.size();
  open_.body = buffers_->body_of(open_writer_.take());
  sealed_bytes_ += open_.body.bytes.size();
  held_bytes_ = sealed_bytes_ + unanswered_bytes_;
  sealed_.push_back(std::exchange(open_, {}));
  grown_told_ = false;
}

bool PublishWindow::may_seal() const {
  if (open_.count == 0) return false;
  return unanswered_.size() < eager_batches_max || unanswered_bytes_ < eager_bytes_max ||
         open_writer_.size() >= grown_batch_bytes;
}

bool PublishWindow::window_open() const {
  if (!joined_) return false;
  if (unanswered_.empty()) return true;
  const auto next = sealed_.empty() ? open_writer_.size() : sealed_.front().body.bytes.size();
  return unanswered_.size() < window_batches_ && unanswered_bytes_ + next <= window_bytes_;
}

std::optional<Frame> PublishWindow::take(std::vector<Completion>& refused) {
  while (window_open()) {
    if (sealed_.empty() && may_seal()) seal();
    if (sealed_.empty()) break;
    auto batch = std::move(sealed_.front());
    sealed_.pop_front();
    sealed_bytes_ -= batch.body.bytes.size();
    // Batches were sealed before this broker said what it takes: too large a frame would cost the connection.
    if (batch.event_bytes > event_bytes_max_ || batch.body.bytes.size() > batch_bytes_max_) {
      auto completions =
          batch.sequence == 0 ? refuse_too_large(std::move(batch)) : give_up_sent(std::move(batch));
      std::move(completions.begin(), completions.end(), std::back_inserter(refused));
      continue;
    }
    if (batch.sequence == 0) batch.sequence = next_sequence_++;
    v1::ToBroker message;
    message.mutable_publish()->set_producer(producer_);
    message.mutable_publish()->set_sequence(batch.sequence);
    Frame frame{.header = message.SerializeAsString(), .body = batch.body};
    unanswered_bytes_ += batch.body.bytes.size();
    unanswered_.push_back(std::move(batch));
    told_ = true;
    return frame;
  }
  // What is left waits for an answer, which the connection will hear by itself; only an empty window, or one
  // that could send at once, needs to be told of the next event.
  told_ = joined_ && (open_.count != 0 || !sealed_.empty());
  return std::nullopt;
}

// Takes the oversized events out of a batch; the others are queued again, in a batch of their own each run.
std::vector<Completion> PublishWindow::refuse_too_large(Batch batch) {
  std::vector<Completion> refused;
  std::vector<Batch> kept;
  auto waiter = batch.waiters.begin();
  for_each_entry(batch.body.bytes, [&](std::uint32_t index, const RunHead& head, const EventView& event) {
    const bool waits = waiter != batch.waiters.end() && waiter->index == index;
    BatchWriter writer;
    writer.begin_run(head);
    writer.add_encoded(event.bytes);
    if (event.bytes.size() <= event_bytes_max_ && writer.size() <= batch_bytes_max_) {
      Batch single{.first = batch.first + index, .count = 1, .event_bytes = event.bytes.size()};
      single.body = Body::of(writer.take());
      if (waits) single.waiters.push_back({0, std::move(waiter->callback)});
      kept.push_back(std::move(single));
    } else {
      ++counts_.rejected;
      ++answered_;
      PublishResult result{.outcome = PublishOutcome::rejected};
      result.id = event.id;
      result.correlationid = event.correlationid;
      result.reason = v1::REFUSAL_TOO_LARGE;
      result.text = too_large_text(event.bytes.size(), event_bytes_max_);
      if (waits) refused.push_back({std::move(waiter->callback), std::move(result)});
    }
    if (waits) ++waiter;
  });
  for (auto single = kept.rbegin(); single != kept.rend(); ++single) {
    sealed_bytes_ += single->body.bytes.size();
    sealed_.push_front(std::move(*single));
  }
  held_bytes_ = sealed_bytes_ + unanswered_bytes_ + open_writer_.size();
  return refused;
}

void PublishWindow::complete_all(Batch& batch, std::vector<Completion>& completions, PublishOutcome outcome,
                                 const std::string& text) {
  auto waiter = batch.waiters.begin();
  for_each_entry(batch.body.bytes, [&](std::uint32_t index, const RunHead&, const EventView& event) {
    if (waiter == batch.waiters.end() || waiter->index != index) return;
    PublishResult result{.outcome = outcome};
    result.id = event.id;
    result.correlationid = event.correlationid;
    result.text = text;
    completions.push_back({std::move(waiter->callback), std::move(result)});
    ++waiter;
  });
}

// It was sent to a broker that took more, and may have been accepted there: under other numbers, split, its
// events would be accepted once more, and refused they would be said not to be there.
std::vector<Completion> PublishWindow::give_up_sent(Batch batch) {
  std::vector<Completion> completions;
  counts_.unconfirmed += batch.count;
  answered_ += batch.count;
  complete_all(batch, completions, PublishOutcome::unconfirmed,
               "sent before, and the broker that came back cannot be asked about it: the batch has " +
                   std::to_string(batch.body.bytes.size()) + " bytes, its largest event " +
                   std::to_string(batch.event_bytes) + "; batch_bytes_max is " +
                   std::to_string(batch_bytes_max_) + ", event_bytes_max " +
                   std::to_string(event_bytes_max_));
  held_bytes_ = sealed_bytes_ + unanswered_bytes_ + open_writer_.size();
  return completions;
}

void PublishWindow::welcomed(const v1::Welcome& welcome) {
  joined_ = true;
  told_ = open_.count != 0 || !sealed_.empty();
  event_bytes_max_ = welcome.event_bytes_max() != 0 ? welcome.event_bytes_max() : 1u << 20;
  batch_bytes_max_ = welcome.batch_bytes_max() != 0 ? welcome.batch_bytes_max() : batch_bytes_target;
  window_bytes_ = welcome.publish_window_bytes();
  window_batches_ = welcome.publish_window_batches();
}

void PublishWindow::lost() {
  joined_ = false;
  told_ = false;
  sealed_bytes_ += std::exchange(unanswered_bytes_, 0);
  sealed_.insert(sealed_.begin(), std::make_move_iterator(unanswered_.begin()),
                 std::make_move_iterator(unanswered_.end()));
  unanswered_.clear();
}

std::vector<Completion> PublishWindow::accepted(const v1::Accepted& accepted) {
  std::vector<Completion> completions;
  const auto batch = std::find_if(unanswered_.begin(), unanswered_.end(),
                                  [&](const Batch& sent) { return sent.sequence == accepted.sequence(); });
  if (batch == unanswered_.end()) return completions;  // answered before

  const auto refusals = static_cast<std::uint64_t>(accepted.refusals_size());
  const auto duplicates = static_cast<std::uint64_t>(accepted.duplicates_size());
  const auto for_now = static_cast<std::uint64_t>(
      std::count_if(accepted.refusals().begin(), accepted.refusals().end(), is_for_now));
  counts_.unavailable += for_now;
  counts_.rejected += refusals - for_now;
  counts_.duplicate += duplicates;
  counts_.accepted += batch->count - std::min<std::uint64_t>(batch->count, refusals + duplicates);
  answered_ += batch->count;

  if (!batch->waiters.empty()) {
    auto results = results_of(accepted, batch->count);
    auto waiter = batch->waiters.begin();
    for_each_entry(batch->body.bytes, [&](std::uint32_t index, const RunHead&, const EventView& event) {
      if (waiter == batch->waiters.end() || waiter->index != index) return;
      results[index].id = event.id;
      results[index].correlationid = event.correlationid;
      completions.push_back({std::move(waiter->callback), std::move(results[index])});
      ++waiter;
    });
  }
  unanswered_bytes_ -= batch->body.bytes.size();
  unanswered_.erase(batch);
  held_bytes_ = sealed_bytes_ + unanswered_bytes_ + open_writer_.size();
  return completions;
}

void PublishWindow::add_events(std::string_view batch, std::vector<std::string>& events) {
  for_each_entry(batch, [&](std::uint32_t, RunHead head, const EventView& event) {
    BatchWriter writer;
    head.chosen_ids = true;
    writer.begin_run(head);
    writer.add_encoded(event.bytes);
    events.push_back(writer.take());
  });
}

std::vector<std::string> PublishWindow::unanswered_events() const {
  std::vector<std::string> events;
  for (const auto* batches : {&unanswered_, &sealed_})
    for (const auto& batch : *batches) add_events(batch.body.bytes, events);
  auto open = open_writer_;
  add_events(open.take(), events);
  return events;
}

std::vector<Completion> PublishWindow::abandon(bool is_kept) {
  if (open_.count != 0) seal();
  lost();
  std::vector<Completion> completions;
  for (auto& batch : sealed_) {
    if (is_kept) {
      complete_all(batch, completions, PublishOutcome::spooled,
                   "the publisher was closed; it is in the spool");
    } else if (batch.sequence != 0) {
      complete_all(batch, completions, PublishOutcome::unconfirmed,
                   "the publisher was closed before the broker answered");
    } else {
      complete_all(batch, completions, PublishOutcome::not_connected,
                   "the publisher was closed before a broker answered");
    }
  }
  sealed_.clear();
  sealed_bytes_ = held_bytes_ = 0;
  answered_ = appended_;
  return completions;
}

std::uint64_t PublishWindow::answered_up_to() const {
  auto first = appended_;
  if (open_.count != 0) first = std::min(first, open_.first);
  if (!sealed_.empty()) first = std::min(first, sealed_.front().first);
  if (!unanswered_.empty()) first = std::min(first, unanswered_.front().first);
  return first;
}

PublisherCounts PublishWindow::counts() const {
  auto counts = counts_;
  counts.unanswered = appended_ - answered_;
  return counts;
}

}  // namespace reel::sdk
