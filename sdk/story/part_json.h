// What became of an event for one service, as JSON. Pure.
#pragma once

#include "story/flow_json.h"
#include "story/part_story.h"

namespace reel::story {

[[nodiscard]] Json part_json(const StoryPart& part);

}  // namespace reel::story
