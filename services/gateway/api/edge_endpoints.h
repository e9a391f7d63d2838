// The endpoints that what speaks HTTP itself answers: publishing, the event stream, health and metrics. They
// stand in the table so that one document describes all there is.
#pragma once

#include <vector>

#include "gateway/api/endpoint.h"

namespace reel::gateway {

[[nodiscard]] std::vector<Endpoint> edge_endpoints();

}  // namespace reel::gateway
