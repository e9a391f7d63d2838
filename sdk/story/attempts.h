// The steps of one event's story at one service, put together to attempts: a handing over and how it ended.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "story/part_story.h"

namespace reel::story {

/// Points into the part that it is made from. At least one of the three is set; `note` only alone.
struct Attempt {
  /// Null where the end is all that the ledger tells: it ended before it was handed over.
  const StoryStep* handed = nullptr;
  const StoryStep* ended = nullptr;  ///< null: it is in hand
  const StoryStep* note = nullptr;   ///< what was done about it in between: parked, redriven, paused, …

  [[nodiscard]] std::uint64_t time() const {
    return handed != nullptr ? handed->time : ended != nullptr ? ended->time : note->time;
  }
};

/// By time.
[[nodiscard]] std::vector<Attempt> attempts_of(const StoryPart& part);

/// Whether it is the end of an attempt.
[[nodiscard]] bool ends_attempt(StepKind kind);
/// Whether an end is one that nobody wished for.
[[nodiscard]] bool is_failure(StepKind kind);

/// "acked", "failed", "timed out", "lost", "dead", "expired".
[[nodiscard]] std::string end_text(StepKind end);
/// "std::runtime_error: card reader broken"
[[nodiscard]] std::string error_text(const StoryStep& step);

}  // namespace reel::story
