// One flow as a whole, with each delivery: GET /v1/flows/{id}/picture, which is `reel flow ID -o json`.
#pragma once

#include <string>

namespace reel::gateway {

struct Call;

[[nodiscard]] std::string answer_picture(const Call& call);

}  // namespace reel::gateway
