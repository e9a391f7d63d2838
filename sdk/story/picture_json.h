// A flow as one JSON object on one line: what `reel flow -o json` prints. The tracker's summary, steps and
// expectations; and for each step, where deliveries were looked at, its `services` as `reel event` tells
// them, its `gap` to its cause, and for the flow the `longest` part of a gap and the `clocks`.
//
// Written step by step. Durations are milliseconds, with fractions.
#pragma once

#include "story/flow_picture.h"
#include "story/sink.h"

namespace reel::story {

void write_picture_json(const FlowPicture& picture, const Sink& out);

}  // namespace reel::story
