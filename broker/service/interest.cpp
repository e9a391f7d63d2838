#include "service/interest.h"

#include <algorithm>
#include <iterator>

#include "event/pattern_begin.h"
#include "event/topic.h"

namespace reel::broker {

void Interest::set_patterns(std::vector<v1::Pattern> patterns) {
  patterns_ = std::move(patterns);
  patterns_from_ = 0;  // where `begins` are, they lie before
  for (const auto& pattern : patterns_) patterns_from_ = std::max(patterns_from_, pattern.from_offset());
}

bool Interest::wants(Offset offset, std::string_view topic) const {
  if (offset < patterns_from_ && topic != redelivery_topic_) {
    const bool any = std::any_of(patterns_.begin(), patterns_.end(), [&](const v1::Pattern& pattern) {
      return matches(pattern.pattern(), topic) && offset >= begin_of(pattern, topic);
    });
    if (!any) return false;
  }
  return before_ == nullptr || offset >= recovered_end_ || !before_->is_settled(offset);
}

const v1::Failure* Interest::failed_before(Offset offset) const {
  if (offset >= recovered_end_ || before_ == nullptr) return nullptr;
  const auto failed = before_->retrying.find(offset);
  return failed == before_->retrying.end() ? nullptr : &failed->second;
}

void Interest::hold_back(std::vector<std::string> unnamed, Dispatch& dispatch) {
  unnamed_ = {std::make_move_iterator(unnamed.begin()), std::make_move_iterator(unnamed.end())};
  std::erase_if(held_back_, [&](const auto& of_topic) {
    const auto& [topic, offsets] = of_topic;
    if (holds_back(topic)) return false;
    const bool wanted =
        std::any_of(patterns_.begin(), patterns_.end(),
                    [&name = topic](const v1::Pattern& pattern) { return matches(pattern.pattern(), name); });
    for (const auto offset : offsets) {
      const auto held = dispatch.find(offset);
      if (!held || held->attempt > 1) continue;  // an operator let it go, and it goes on as others do
      wanted ? (void)dispatch.retry_now(offset) : dispatch.withdraw(offset);
    }
    return true;
  });
}

bool Interest::holds_back(std::string_view topic) const {
  if (unnamed_.empty()) return false;
  bool unnamed = false;
  for (const auto& pattern : patterns_) {
    if (!matches(pattern.pattern(), topic)) continue;
    if (!unnamed_.contains(pattern.pattern())) return false;
    unnamed = true;
  }
  return unnamed;
}

}  // namespace reel::broker
