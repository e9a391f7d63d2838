// Events of the journal by their place in it: one with its payload decoded, what became of one, who wants it
// and why others do not, and the newest of each topic.
#pragma once

#include <string>

namespace reel::gateway {

struct Call;

/// GET /v1/events/{offset}
[[nodiscard]] std::string answer_event(const Call& call);
/// GET /v1/events/{offset}/story, which is `reel event --offset N -o json`.
[[nodiscard]] std::string answer_event_story(const Call& call);
/// GET /v1/events/{offset}/explanation, which is `reel explain --offset N -o json`.
[[nodiscard]] std::string answer_explanation(const Call& call);
/// GET /v1/last, which is `reel last -o json`.
[[nodiscard]] std::string answer_last(const Call& call);

}  // namespace reel::gateway
