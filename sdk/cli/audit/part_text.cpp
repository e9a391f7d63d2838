#include "cli/audit/part_text.h"

#include <limits>

#include "cli/duration_text.h"

namespace reel::cli {
namespace {

constexpr std::uint64_t for_ever = std::numeric_limits<std::uint64_t>::max();

nanoseconds from_step_on(const StoryStep& step) {
  return nanoseconds{step.until > step.time ? static_cast<std::int64_t>(step.until - step.time) : 0};
}

}  // namespace

Ink ink_of(PartState state) {
  switch (state) {
    case PartState::acked: return Ink::green;
    case PartState::dead: return Ink::red;
    case PartState::expired:
    case PartState::discarded:
    case PartState::withdrawn: return Ink::dim;
    default: return Ink::yellow;
  }
}

std::string words_of(PartState state) {
  switch (state) {
    case PartState::in_flight: return "in flight";
    case PartState::withdrawn: return "no longer wanted";
    case PartState::doubtful: return "may not want it: its `when` is not understood here";
    default: return std::string{to_string(state)};
  }
}

std::string by_text(const StoryStep& step) {
  if (step.by.empty()) return "";
  return "by " + step.by + (step.note.empty() ? "" : ": " + step.note);
}

std::string failure_text(const StoryStep& step) {
  const std::string error = error_text(step);
  if (step.until <= step.time) return error;
  return error + (error.empty() ? "" : "; ") + "again in " + duration_text(from_step_on(step));
}

std::string pause_text(const StoryStep& step) {
  const std::string until = step.until == 0 || step.until == for_ever
                                ? "until resumed"
                                : "for " + duration_text(from_step_on(step));
  const std::string by = by_text(step);
  return until + (by.empty() ? "" : ", " + by);
}

}  // namespace reel::cli
