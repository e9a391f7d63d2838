// The producer's clock, as envelopes carry it.
#pragma once

#include <chrono>
#include <cstdint>

namespace reel::sdk {

inline std::uint64_t wall_clock_ns() {
  using namespace std::chrono;
  return static_cast<std::uint64_t>(
      duration_cast<nanoseconds>(system_clock::now().time_since_epoch()).count());
}

}  // namespace reel::sdk
