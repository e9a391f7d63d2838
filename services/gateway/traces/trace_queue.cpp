#include "gateway/traces/trace_queue.h"

#include <utility>

namespace reel::gateway {

void TraceQueue::changed(std::string_view id, Time now) {
  std::string text{id};
  if (ids_.contains(text)) return;
  if (ids_.size() >= flows_max_) {
    ++crowded_out_;
    return;
  }
  waiting_.push_back({&*ids_.insert(std::move(text)).first, now + settle_});
}

std::optional<std::string> TraceQueue::take(Time now) {
  if (waiting_.empty() || waiting_.front().due > now) return std::nullopt;
  auto node = ids_.extract(*waiting_.front().id);
  waiting_.pop_front();
  return std::move(node.value());
}

void TraceQueue::put_back(std::string id, Time now) {
  const auto [place, is_new] = ids_.insert(std::move(id));
  if (is_new) waiting_.push_front({&*place, now});
}

}  // namespace reel::gateway
