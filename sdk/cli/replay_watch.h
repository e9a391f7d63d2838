// A replay while it runs: where its range begins and ends, how far it is, and how it ended.
#pragma once

#include <cstdint>
#include <optional>

#include "cli/invocation.h"
#include "cli/replay_text.h"
#include "reel/start.h"

namespace reel::cli {

/// The offset of the first event that `start` begins with. Asks the broker where it is not an offset already.
[[nodiscard]] std::uint64_t offset_of(const Globals& globals, const Start& start);

[[nodiscard]] v1::ReplaysReply running_replays(const Globals& globals);
/// Nothing where it does not run, or not any more.
[[nodiscard]] std::optional<RunningReplay> running_replay(const Globals& globals, std::uint64_t id);

/// How a replay that does not run any more ended.
enum class ReplayEnd { done, cancelled, unknown };
struct EndedReplay {
  ReplayEnd end = ReplayEnd::unknown;
  std::uint64_t redelivered = 0;
};
/// By what the journal says of it, from its own command on.
[[nodiscard]] EndedReplay ended_replay(const Globals& globals, std::uint64_t id);

/// Shows on stderr how far the replay is until it is over, true, or until Ctrl-C, false.
[[nodiscard]] bool watch_replay(Invocation& invocation, std::uint64_t id);

}  // namespace reel::cli
