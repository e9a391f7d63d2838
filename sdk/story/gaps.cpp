#include "story/gaps.h"

#include <algorithm>

namespace reel::story {

std::string_view to_string(GapPart part) {
  static constexpr std::array<std::string_view, gap_parts> names{"wait", "retries", "handling", "publishing"};
  return names[static_cast<std::size_t>(part)];
}

namespace {

/// A source is "service/instance", with the instance's last characters where it made its own id.
bool is_of_instance(const std::string& instance, const StoryPart& part, const std::string& source) {
  const std::size_t name = part.service.size() + 1;
  return source.size() > name && instance.ends_with(std::string_view{source}.substr(name));
}

}  // namespace

const StoryStep* handed_for(const StoryPart& part, const v1::FlowStep& effect) {
  const StoryStep* last = nullptr;
  const StoryStep* of_instance = nullptr;
  for (const StoryStep& step : part.steps) {
    if (step.kind != StepKind::delivered || step.time > effect.recordedtime()) continue;
    last = &step;
    if (is_of_instance(step.instance, part, effect.source())) of_instance = &step;
  }
  return of_instance != nullptr ? of_instance : last;
}

Gap gap_between(const v1::FlowStep& cause, const v1::FlowStep& effect, const StoryPart* part,
                std::int64_t skew) {
  Gap gap;
  const std::uint64_t begin = cause.recordedtime();
  const std::uint64_t end = std::max(effect.recordedtime(), begin);
  gap.total = end - begin;
  const StoryStep* handed = part == nullptr ? nullptr : handed_for(*part, effect);
  if (handed == nullptr) return gap;

  const auto first = std::find_if(part->steps.begin(), part->steps.end(),
                                  [](const StoryStep& step) { return step.kind == StepKind::delivered; });
  // Records that contradict each other must not make a part negative.
  const std::uint64_t first_handed = std::clamp(first->time, begin, end);
  const std::uint64_t handed_at = std::clamp(handed->time, first_handed, end);
  const std::uint64_t published =
      effect.time() == 0 ? end : std::clamp(effect.time() - static_cast<std::uint64_t>(skew), handed_at, end);
  gap.split = true;
  gap.parts = {first_handed - begin, handed_at - first_handed, published - handed_at, end - published};
  return gap;
}

}  // namespace reel::story
