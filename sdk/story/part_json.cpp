#include "story/part_json.h"

#include <limits>

#include "event/rfc3339.h"

namespace reel::story {
namespace {

constexpr std::uint64_t until_resumed = std::numeric_limits<std::uint64_t>::max();

Json story_step_json(const StoryStep& step) {
  Json json{{"what", to_string(step.kind)}, {"time", rfc3339(step.time)}, {"record", step.offset}};
  if (!step.instance.empty()) json["instance"] = step.instance;
  if (step.delivery != 0) json["delivery"] = step.delivery;
  if (step.attempt != 0) json["attempt"] = step.attempt;
  if (!step.error_type.empty()) json["error_type"] = step.error_type;
  if (!step.error.empty()) json["error"] = step.error;
  if (step.until != 0 && step.until != until_resumed)
    json[step.kind == StepKind::paused ? "until" : "retry_at"] = rfc3339(step.until);
  if (!step.by.empty()) json["by"] = step.by;
  if (!step.note.empty()) json["note"] = step.note;
  return json;
}

}  // namespace

Json part_json(const StoryPart& part) {
  Json json{{"service", part.service}, {"matched", part.matched}, {"state", to_string(part.state)}};
  if (part.settled_at != 0) json["settled_at"] = rfc3339(part.settled_at);
  json["steps"] = Json::array();
  for (const StoryStep& step : part.steps) json["steps"].push_back(story_step_json(step));
  return json;
}

}  // namespace reel::story
