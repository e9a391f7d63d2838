// JSON that is put together here: keys stay in the order in which they were written.
#pragma once

#include <nlohmann/json.hpp>

namespace reel::gateway {

using Json = nlohmann::ordered_json;

}  // namespace reel::gateway
