// The flow definitions of the configuration as JSON: GET /v1/definitions. Pure.
#pragma once

#include <string>

namespace reel::config {
struct Model;
}

namespace reel::gateway {

struct Call;

[[nodiscard]] std::string definitions_json(const config::Model& model);
[[nodiscard]] std::string answer_definitions(const Call& call);

}  // namespace reel::gateway
