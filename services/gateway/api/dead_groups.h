// Dead letters counted by service and error: GET /v1/dead/groups, which is `reel dead groups -o json`.
#pragma once

#include <cstdint>
#include <string>

namespace reel::gateway {

struct Call;

/// Letters that are looked at for one answer; each comes with its event. Where there are more, `next` of the
/// answer is not 0: the groups of the rest are asked for from there, and `reel dead groups` counts them all.
inline constexpr std::uint64_t letters_looked_at_max = 20'000;

[[nodiscard]] std::string answer_dead_groups(const Call& call);

}  // namespace reel::gateway
