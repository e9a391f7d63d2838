#include "cli/audit/part_text.h"

#include <limits>

#include "cli/duration_text.h"
#include "event/rfc3339.h"

namespace reel::cli {
namespace {

constexpr std::uint64_t for_ever = std::numeric_limits<std::uint64_t>::max();

nanoseconds from_step_on(const StoryStep& step) {
  return nanoseconds{step.until > step.time ? static_cast<std::int64_t>(step.until - step.time) : 0};
}

Json story_step_json(const StoryStep& step) {
  Json json{{"what", to_string(step.kind)}, {"time", rfc3339(step.time)}, {"record", step.offset}};
  if (!step.instance.empty()) json["instance"] = step.instance;
  if (step.delivery != 0) json["delivery"] = step.delivery;
  if (step.attempt != 0) json["attempt"] = step.attempt;
  if (!step.error_type.empty()) json["error_type"] = step.error_type;
  if (!step.error.empty()) json["error"] = step.error;
  if (step.until != 0 && step.until != for_ever)
    json[step.kind == StepKind::paused ? "until" : "retry_at"] = rfc3339(step.until);
  if (!step.by.empty()) json["by"] = step.by;
  if (!step.note.empty()) json["note"] = step.note;
  return json;
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

std::string error_text(const StoryStep& step) {
  if (step.error_type.empty() || step.error.empty()) return step.error_type + step.error;
  return step.error_type + ": " + step.error;
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

Json part_json(const StoryPart& part) {
  Json json{{"service", part.service}, {"matched", part.matched}, {"state", to_string(part.state)}};
  if (part.settled_at != 0) json["settled_at"] = rfc3339(part.settled_at);
  json["steps"] = Json::array();
  for (const StoryStep& step : part.steps) json["steps"].push_back(story_step_json(step));
  return json;
}

}  // namespace reel::cli
