// What became of an event for one service, in words: the pieces that an event's story and a
// flow's tree have in common. Pure; foreign text is not made safe here.
#pragma once

#include <string>

#include "cli/terminal.h"
#include "story/attempts.h"
#include "story/part_story.h"

namespace reel::cli {

using namespace story;

[[nodiscard]] Ink ink_of(PartState state);
/// "in flight", "no longer wanted", …
[[nodiscard]] std::string words_of(PartState state);

/// The error, and when it is tried again: "…; again in 10ms".
[[nodiscard]] std::string failure_text(const StoryStep& step);
/// "by ada@shop: the bank is back"; empty where nobody told the broker to.
[[nodiscard]] std::string by_text(const StoryStep& step);
/// "until resumed, by ada@shop"
[[nodiscard]] std::string pause_text(const StoryStep& step);

}  // namespace reel::cli
