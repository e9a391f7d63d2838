// Replays for people and programs. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "reel/v1/query.pb.h"
#include "story/flow_json.h"

namespace reel::cli {

using namespace story;

using RunningReplay = v1::ReplaysReply::Running;

/// "1x", "10x", "0.5x" as that number, "max" as 0. Nothing where it is none.
[[nodiscard]] std::optional<double> parse_speed(std::string_view text);
[[nodiscard]] std::string speed_text(double speed);

/// "replay offsets 42 to 1041 on order.placed, of flow order-7, to payments at 10x"
[[nodiscard]] std::string replay_text(const std::string& service, const v1::Replay& replay);

/// How much of its range was looked at, in percent.
[[nodiscard]] int percent_of(const v1::Replay& replay);

[[nodiscard]] Json replay_json(const RunningReplay& running);

}  // namespace reel::cli
