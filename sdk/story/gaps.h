// The time between an event and one that it led to, split into what it was spent on.
//
//   cause accepted ─── wait ───▶ handed over ─── handling ───▶ published ─── publishing ───▶ effect accepted
//
// `wait` ends when the event is first handed to the service; where that attempt failed, `retries` runs from
// there to the attempt that published. `handling` ends when the handler says publish, which only its
// machine's clock knows: the effect's `time`, corrected by what that clock is known to be off (clock_skew.h)
// and kept between handing over and acceptance. `publishing` is the rest of the handler, the way to the
// broker, and the journal: an effect is accepted together with the ack.
//
// All but that one moment is log time. Where the ledger does not tell of a delivery to the effect's service
// (a route of the broker, a verdict, a program that named its cause), the gap stays whole. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "reel/v1/query.pb.h"
#include "story/part_story.h"

namespace reel::story {

enum class GapPart : std::uint8_t { wait, retries, handling, publishing };
inline constexpr std::size_t gap_parts = 4;
[[nodiscard]] std::string_view to_string(GapPart part);

struct Gap {
  std::uint64_t total = 0;  ///< ns
  bool split = false;
  std::array<std::uint64_t, gap_parts> parts{};  ///< ns; they add up to `total`

  [[nodiscard]] std::uint64_t part(GapPart which) const { return parts[static_cast<std::size_t>(which)]; }
};

/// `part` is the cause's story at the effect's service, or null. `skew` is how far that service's clock is
/// ahead of the broker's, in ns.
[[nodiscard]] Gap gap_between(const v1::FlowStep& cause, const v1::FlowStep& effect, const StoryPart* part,
                              std::int64_t skew);

/// The handing over of `part` under which `effect` was published, or null: the last before it, of the
/// instance that its source names where one does.
[[nodiscard]] const StoryStep* handed_for(const StoryPart& part, const v1::FlowStep& effect);

}  // namespace reel::story
