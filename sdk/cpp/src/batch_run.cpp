#include "batch_run.h"

#include <google/protobuf/message.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <utility>

namespace reel::sdk {

// What the handler sees of one call, and says.
class BatchRun::Call final : public BatchCall {
 public:
  Call(BatchRun& run, std::span<const std::size_t> items) : run_{run} {
    for (const auto item : items) seats_.emplace_back(item, run.items_[item]);
  }

  [[nodiscard]] std::size_t size() const override { return seats_.size(); }
  [[nodiscard]] Context& flow(std::size_t index) override { return seats_.at(index).context; }
  [[nodiscard]] const google::protobuf::Message& message(std::size_t index) const override {
    return *seats_.at(index).of.event;
  }
  void judge(std::size_t index, Verdict verdict, std::string_view why,
             std::chrono::milliseconds delay) override {
    auto& failed = seats_.at(index).failed;
    switch (verdict) {
      case Verdict::fail: failed = failure("reel::ItemFailed", why); break;
      case Verdict::reject: failed = failure("reel::Reject", why); break;
      case Verdict::retry_after: failed = failure("reel::RetryAfter", why); break;
    }
    failed->reject = verdict == Verdict::reject;
    failed->delay_ms = delay_ms(delay);
  }
  [[nodiscard]] bool failed(std::size_t index) const override { return seats_.at(index).failed.has_value(); }
  void attempt(std::size_t index, const std::function<void()>& handle) override {
    auto& seat = seats_.at(index);
    if (!seat.failed && !has_failed(seat.of.key_hash)) {
      try {
        handle();
      } catch (...) {
        seat.failed = current_failure();
      }
    }
    if (!seat.failed) return;
    const std::lock_guard lock{failed_keys_mutex_};
    failed_keys_.insert(seat.of.key_hash);
  }
  void in_progress() override { run_.owner_.in_progress(); }

  struct Seat {
    Seat(std::size_t number, Item& its) : item{number}, of{its}, context{*its.context} {}
    std::size_t item;
    Item& of;
    Context context;
    std::optional<Failed> failed;
  };
  [[nodiscard]] std::deque<Seat>& seats() { return seats_; }

 private:
  [[nodiscard]] bool has_failed(std::uint64_t key_hash) {
    const std::lock_guard lock{failed_keys_mutex_};
    return failed_keys_.contains(key_hash);
  }

  BatchRun& run_;
  std::deque<Seat> seats_;
  std::mutex failed_keys_mutex_;         // several threads of the handler's may be at items of their own
  std::set<std::uint64_t> failed_keys_;  // as far as attempt() has come
};

void BatchRun::add(Context::Impl& context, std::uint64_t key_hash) {
  auto& item = items_.emplace_back();
  item.context = &context;
  item.key_hash = key_hash;
  context.when_in_progress = [this] { owner_.in_progress(); };
  if (handler_.type == nullptr) return;
  item.event.reset(handler_.type->New());
  const auto wrong = parse(*item.event, context.head.dataschema, context.event.data);
  if (!wrong) return;
  item.fit = false;
  auto failed = failure("reel::Reject", *wrong);
  failed.reject = true;
  hold_up(items_.size() - 1, std::move(failed));
}

void BatchRun::add_unfit(std::uint64_t key_hash, Failed failed) {
  auto& item = items_.emplace_back();
  item.key_hash = key_hash;
  item.fit = false;
  hold_up(items_.size() - 1, std::move(failed));
}

std::vector<BatchRun::Failure> BatchRun::run() {
  const auto [failed_before, fresh] = parts();
  call(failed_before);
  may_give_up_ = !any_returned_;
  call(fresh);
  std::vector<Failure> failures;
  for (auto& [key, failure] : held_up_) failures.push_back(std::move(failure));
  std::sort(failures.begin(), failures.end(), [](const auto& a, const auto& b) { return a.item < b.item; });
  return failures;
}

// What has failed before, and the others. Behind one that has not a key's later ones stay there too.
std::pair<std::vector<std::size_t>, std::vector<std::size_t>> BatchRun::parts() const {
  std::vector<std::size_t> failed_before, fresh;
  std::set<std::uint64_t> fresh_keys;
  for (std::size_t item = 0; item < items_.size(); ++item) {
    const auto& one = items_[item];
    if (!one.fit) continue;
    if (one.context->attempt > 1 && !fresh_keys.contains(one.key_hash)) {
      failed_before.push_back(item);
    } else {
      fresh.push_back(item);
      fresh_keys.insert(one.key_hash);
    }
  }
  return {std::move(failed_before), std::move(fresh)};
}

void BatchRun::call(std::span<const std::size_t> given) {
  const auto items = wanted_of(given);
  if (items.empty()) return;
  if (calls_++ != 0) owner_.in_progress();
  together_ = 0;
  for (const auto item : items) items_[item].context->forget_published();
  Call call{*this, items};
  Failed thrown;
  try {
    handler_.handler(call);
    return returned(call);
  } catch (...) {
    thrown = current_failure();
  }
  if (items.size() == 1 && !thrown.reject && may_give_up_) {
    ++failed_alone_;
    last_alone_ = thrown;
  }
  if (items.size() == 1 || !handler_.options.bisect) return failed(items, thrown);
  const std::span<const std::size_t> all{items};
  const auto half = (all.size() + 1) / 2;
  this->call(all.first(half));
  if (!any_returned_ && failed_alone_ >= hopeless_after) return failed(all.subspan(half), last_alone_);
  this->call(all.subspan(half));
}

std::vector<std::size_t> BatchRun::wanted_of(std::span<const std::size_t> items) {
  std::vector<std::size_t> wanted;
  for (const auto item : items) {
    // The broker names all that it takes back, also what is behind. What came in a lost session says nothing
    // of what came again in this one.
    if (!is_held_up(item) && owner_.still_wanted(item)) wanted.push_back(item);
  }
  return wanted;
}

void BatchRun::returned(Call& call) {
  any_returned_ = true;
  for (auto& seat : call.seats()) {
    if (is_held_up(seat.item)) continue;
    seat.failed ? hold_up(seat.item, std::move(*seat.failed)) : owner_.done(seat.item);
  }
}

void BatchRun::failed(std::span<const std::size_t> items, const Failed& failed) {
  for (const auto item : items) {
    if (!is_held_up(item)) hold_up(item, failed);
  }
}

// By what stands at it or before it under its key.
bool BatchRun::is_held_up(std::size_t item) const {
  const auto found = held_up_.find(items_[item].key_hash);
  return found != held_up_.end() && found->second.item <= item;
}

void BatchRun::hold_up(std::size_t item, Failed failed) {
  const auto key = items_[item].key_hash;
  const auto found = held_up_.find(key);
  if (found == held_up_.end() || item < found->second.item) held_up_[key] = {item, std::move(failed)};
}

}  // namespace reel::sdk

namespace reel {

Context& RawBatchItem::flow() const {
  return call_->flow(index_);
}
void RawBatchItem::fail(std::string_view why) const {
  call_->judge(index_, BatchCall::Verdict::fail, why);
}
void RawBatchItem::reject(std::string_view why) const {
  call_->judge(index_, BatchCall::Verdict::reject, why);
}
void RawBatchItem::retry_after(std::chrono::milliseconds delay, std::string_view why) const {
  call_->judge(index_, BatchCall::Verdict::retry_after, why, delay);
}
bool RawBatchItem::failed() const {
  return call_->failed(index_);
}
void RawBatchItem::attempt(const std::function<void()>& handle) const {
  call_->attempt(index_, handle);
}
const google::protobuf::Message& RawBatchItem::message() const {
  return call_->message(index_);
}

}  // namespace reel
