// An event's story as a JSON object: what `reel event -o json` prints, and the gateway answers. Pure.
#pragma once

#include <optional>
#include <string>

#include "story/event_story.h"
#include "story/flow_json.h"

namespace reel::story {

/// The event as a whole, by the worst of what became of it: "dead", "parked", "retrying", "waiting",
/// "settled"; "unrouted" where nobody was to get it, "kept" or "cancelled" where it is not published.
[[nodiscard]] std::string whole_state(const EventStory& story, const std::optional<StoryKept>& kept);

[[nodiscard]] Json story_json(const EventStory& story, const std::optional<StoryKept>& kept);

}  // namespace reel::story
