// How the HTTP server stands.
#pragma once

#include <cstdint>

namespace reel::gateway {

struct HttpCounts {
  std::uint64_t connections = 0;   ///< now
  std::uint64_t accepted = 0;      ///< since it started
  std::uint64_t made_room = 0;     ///< closed since another wanted their place
  std::uint64_t bodies_bytes = 0;  ///< held now
};

}  // namespace reel::gateway
