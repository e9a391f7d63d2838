// A flow as it stood at an earlier moment: what had happened by then, what was owed, and what was late.
//
//   const std::uint64_t moment = moment_of("12:03:10", flow.summary().started_at());
//   rewind_flow(flow, moment);
//
// Pure, but for the process's time zone.
#pragma once

#include <cstdint>
#include <string>

#include "reel/v1/query.pb.h"

namespace reel::cli {

/// A time of day (of the flow's first day, or the next where that is before it began), a time
/// (2026-03-01T10:00:00Z), how long after the flow's begin (+2s), or how long ago (10m). Throws Failure
/// (usage) where it is none.
[[nodiscard]] std::uint64_t moment_of(const std::string& text, std::uint64_t started_at);

/// Leaves what was so at log time `moment`, and judges as the tracker did then. The reply should hold all of
/// the flow's steps up to there.
void rewind_flow(v1::FlowReply& flow, std::uint64_t moment);

}  // namespace reel::cli
