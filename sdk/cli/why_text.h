// Causes in words: what `reel why` prints.
//
//   order-7  overdue
//   payment.captured expected from payments within 5s after order.placed: overdue 12s
//     payments is paused by ada@host until somebody resumes it, and order.placed waits for it
//     evidence  paused: service payments, order.placed at offset 12
//     mend      reel resume payments
//     look      reel event --offset 12
//
// Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/terminal.h"
#include "reel/v1/query.pb.h"
#include "story/flow_json.h"

namespace reel::cli {

using namespace story;

[[nodiscard]] std::vector<std::string> why_lines(const v1::WhyReply& why, const Terminal& terminal);
[[nodiscard]] Json why_json(const v1::WhyReply& why);
[[nodiscard]] Json cause_json(const v1::Cause& cause);

/// Whether a cause's command does something about it; others show more of it.
[[nodiscard]] bool mends(std::string_view command);
/// Those of them that do, or that do not.
[[nodiscard]] std::vector<std::string> commands_of(const v1::Cause& cause, bool mending);

}  // namespace reel::cli
