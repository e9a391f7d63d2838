// A replay that goes step by step: leave for its next events, and at a terminal a walk from one to the next.
#pragma once

#include <cstdint>

#include "cli/operator_command.h"
#include "cli/replay_text.h"

namespace reel::cli {

/// Lets the replay hand over so many events more; 0: from here on without stopping. Throws Failure where it
/// does not run, or not step by step.
void step_replay(const Globals& globals, const RunningReplay& replay, std::uint64_t events,
                 const Signature& signature);

/// Shows event by event what comes next, and hands it over when it is told to. False where the replay is left
/// standing; true where it is over, or goes on without stopping.
[[nodiscard]] bool walk_replay(Invocation& invocation, std::uint64_t id, const Signature& signature);

/// What is typed at its prompt: how many events, 0 for all of them; nothing for not now. Pure.
[[nodiscard]] std::optional<std::uint64_t> steps_of(std::string_view answer);

}  // namespace reel::cli
