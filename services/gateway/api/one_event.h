// One event of the journal with its payload decoded: GET /v1/events/{offset}.
#pragma once

#include <string>

namespace reel::gateway {

struct Call;

[[nodiscard]] std::string answer_event(const Call& call);

}  // namespace reel::gateway
