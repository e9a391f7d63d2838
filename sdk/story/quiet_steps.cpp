#include "story/quiet_steps.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>

namespace reel::story {
namespace {

std::unordered_set<std::string_view> judged_topics(const v1::FlowReply& flow) {
  std::unordered_set<std::string_view> topics;
  for (const auto& expectation : flow.expectations()) {
    topics.insert(expectation.after());
    topics.insert(expectation.expected().begin(), expectation.expected().end());
  }
  return topics;
}

bool is_trouble(const StoryPart* part, const v1::FlowStep& step, std::uint64_t now) {
  const auto since = part->steps.empty() ? step.recordedtime() : part->steps.back().time;
  if (part->state == PartState::waiting) return now > since + quiet_wait_ns;
  return part->state == PartState::retrying || part->state == PartState::dead ||
         part->state == PartState::parked || part->state == PartState::expired;
}

}  // namespace

// From the last to the first: effects stand behind their causes.
std::vector<bool> quiet_steps(const FlowPicture& picture) {
  const auto judged = judged_topics(picture.flow());
  std::vector<bool> quiet(picture.size());
  if (!picture.has_deliveries()) return quiet;
  for (std::size_t i = picture.size(); i-- > 0;) {
    const auto& step = picture.step(i);
    if (!step.low_importance() || judged.contains(step.topic())) continue;
    const auto& effects = picture.effects(i);
    const auto parts = picture.parts(i);
    quiet[i] =
        std::all_of(effects.begin(), effects.end(), [&](std::size_t effect) { return quiet[effect]; }) &&
        std::none_of(parts.begin(), parts.end(), [&](const StoryPart* part) {
          return is_trouble(part, step, picture.flow().watermark());
        });
  }
  return quiet;
}

}  // namespace reel::story
