// An event's story as lines of text.
//
//   event-1  dead  order.placed  in flow order-7, 2026-03-01 10:02:11
//     10:02:11.004           accepted at offset 42  by orders
//     10:02:11.004  +0.0 ms  led to order.archived  by reel-broker, at offset 43
//     payments  acked after 18ms
//     10:02:11.005  +0.4 ms  delivered #1           to 7c2f
//     10:02:11.010  +5.0 ms  attempt 1 failed       std::runtime_error: card reader broken; again in 10ms
//     10:02:11.021  +11 ms   delivered #2           to 7c2f, attempt 2
//     10:02:11.022  +1.0 ms  acked                  by 7c2f
//
// The gap is the log time since the line above, in one service's part. Pure. Foreign text is made safe here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/terminal.h"
#include "story/event_story.h"

namespace reel::cli {

using namespace story;

[[nodiscard]] std::vector<std::string> story_lines(const EventStory& story,
                                                   const std::optional<StoryKept>& kept,
                                                   const Terminal& terminal);

}  // namespace reel::cli
