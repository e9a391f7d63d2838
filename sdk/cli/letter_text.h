// Letters for people: one in full, and when a retry comes. Pure.
#pragma once

#include <string>
#include <vector>

#include "cli/letters.h"
#include "cli/terminal.h"
#include "reel/v1/query.pb.h"

namespace reel::cli {

/// Everything about a dead letter: its whole error, its event as indented JSON.
[[nodiscard]] std::vector<std::string> letter_text(const Letter& letter, const Content& content,
                                                   const Terminal& terminal);

/// "in 4s", "being tried", "when resumed", "when an instance comes".
[[nodiscard]] std::string next_try_text(const Letter& retry, const v1::ServicesReply& services);

}  // namespace reel::cli
