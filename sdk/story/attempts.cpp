#include "story/attempts.h"

#include <algorithm>

namespace reel::story {

bool ends_attempt(StepKind kind) {
  return kind == StepKind::acked || kind == StepKind::expired || is_failure(kind);
}

bool is_failure(StepKind kind) {
  return kind == StepKind::nacked || kind == StepKind::timed_out || kind == StepKind::instance_lost ||
         kind == StepKind::dead;
}

std::vector<Attempt> attempts_of(const StoryPart& part) {
  std::vector<Attempt> attempts;
  for (const StoryStep& step : part.steps) {
    if (step.kind == StepKind::delivered) {
      attempts.push_back({.handed = &step});
    } else if (!ends_attempt(step.kind)) {
      attempts.push_back({.note = &step});
    } else {
      const auto open = std::find_if(attempts.rbegin(), attempts.rend(), [](const Attempt& attempt) {
        return attempt.handed != nullptr && attempt.ended == nullptr;
      });
      if (open != attempts.rend()) {
        open->ended = &step;
      } else {
        attempts.push_back({.ended = &step});
      }
    }
  }
  return attempts;
}

std::string end_text(StepKind end) {
  switch (end) {
    case StepKind::nacked: return "failed";
    case StepKind::timed_out: return "timed out";
    case StepKind::instance_lost: return "lost";
    default: return std::string{to_string(end)};
  }
}

std::string error_text(const StoryStep& step) {
  if (step.error_type.empty() || step.error.empty()) return step.error_type + step.error;
  return step.error_type + ": " + step.error;
}

}  // namespace reel::story
