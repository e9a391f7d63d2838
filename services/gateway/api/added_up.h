// Variants and edges: the tracker's pages, each about a bounded number of flows, added up to one answer.
#pragma once

#include <cstdint>
#include <string>

namespace reel::gateway {

struct Call;

/// Flows that are looked at for one answer, at about 4 microseconds each in the tracker: an answer takes a
/// second or two at most. Where there are more, `next` of the answer is not empty, and `reel variants` counts
/// them all.
inline constexpr std::uint64_t flows_looked_at_max = 500'000;

[[nodiscard]] std::string answer_variants(const Call& call);
[[nodiscard]] std::string answer_edges(const Call& call);

}  // namespace reel::gateway
