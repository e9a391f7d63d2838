#include "story/event_story_json.h"

#include <algorithm>
#include <initializer_list>

#include "event/rfc3339.h"
#include "story/part_json.h"

namespace reel::story {

std::string whole_state(const EventStory& story, const std::optional<StoryKept>& kept) {
  if (story.head().offset == 0) return kept && kept->cancelled_at != 0 ? "cancelled" : "kept";
  const auto parts = story.parts();
  if (parts.empty()) return "unrouted";
  const auto any = [&](std::initializer_list<PartState> states) {
    return std::any_of(parts.begin(), parts.end(), [&](const StoryPart* part) {
      return std::find(states.begin(), states.end(), part->state) != states.end();
    });
  };
  if (any({PartState::dead})) return "dead";
  if (any({PartState::parked})) return "parked";
  if (any({PartState::retrying})) return "retrying";
  if (any({PartState::waiting, PartState::in_flight})) return "waiting";
  return "settled";
}

Json story_json(const EventStory& story, const std::optional<StoryKept>& kept) {
  const StoryHead& head = story.head();
  Json json{{"id", head.id},
            {"type", head.topic},
            {"source", head.source},
            {"correlationid", head.correlationid},
            {"state", whole_state(story, kept)}};
  if (!head.causationid.empty()) json["causationid"] = head.causationid;
  if (kept) {
    json["kept"] = {{"reeloffset", kept->offset}, {"time", rfc3339(kept->time)}, {"due", rfc3339(kept->due)}};
    if (kept->cancelled_at != 0) {
      json["kept"]["cancelled_at"] = rfc3339(kept->cancelled_at);
      json["kept"]["cancelled_by"] = kept->cancelled_by;
    }
  }
  if (head.offset == 0) return json;
  json["reeloffset"] = head.offset;
  json["recordedtime"] = rfc3339(head.time);
  json["led_to"] = Json::array();
  for (const StoryEffect& effect : story.effects()) {
    json["led_to"].push_back({{"reeloffset", effect.offset},
                              {"recordedtime", rfc3339(effect.time)},
                              {"type", effect.topic},
                              {"id", effect.id},
                              {"source", effect.source}});
  }
  json["services"] = Json::array();
  for (const StoryPart* part : story.parts()) json["services"].push_back(part_json(*part));
  json["told_until"] = rfc3339(story.now());
  return json;
}

}  // namespace reel::story
