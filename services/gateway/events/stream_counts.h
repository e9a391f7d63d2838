// How the event stream stands.
#pragma once

#include <cstddef>

namespace reel::gateway {

struct StreamCounts {
  std::size_t clients = 0;
  std::size_t subscriptions = 0;
};

}  // namespace reel::gateway
