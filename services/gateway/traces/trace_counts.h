// How the export of traces stands: for /metrics.
#pragma once

#include <cstddef>
#include <cstdint>

namespace reel::gateway {

struct TraceCounts {
  std::size_t waiting = 0;            ///< flows that are to be sent
  std::uint64_t exported = 0;         ///< flows that were taken
  std::uint64_t requests_failed = 0;  ///< attempts without a success
  std::uint64_t spans_rejected = 0;   ///< by a back end that took the rest of a request
  // Flows that were dropped.
  std::uint64_t crowded_out = 0;  ///< too many waited already
  std::uint64_t unknown = 0;      ///< the tracker knows no such flow any more
  std::uint64_t refused = 0;      ///< the back end does not want them
  std::uint64_t given_up = 0;     ///< it could not be reached for too long
};

}  // namespace reel::gateway
