// What every socket of the SDK shares: the process's one ZeroMQ context, and how large a frame may be.
#pragma once

#include <cstdint>
#include <zmq.hpp>

namespace reel::sdk {

/// Larger frames cost the sender its connection. Far above what a broker sends; a bound on what anybody can
/// make us allocate.
inline constexpr std::int64_t received_frame_bytes_max = 64ll << 20;

/// Never destroyed: at exit a socket of a detached thread may still be open, and closing the context would
/// wait for it for ever.
inline zmq::context_t& zmq_context() {
  static auto* context = new zmq::context_t{1};
  return *context;
}

}  // namespace reel::sdk
