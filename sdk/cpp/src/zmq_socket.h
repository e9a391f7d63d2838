// What every socket of the SDK shares: the process's one ZeroMQ context, how large a frame may be, and how
// one is kept.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <zmq.hpp>

#include "frame.h"

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

/// What was received, for as long as somebody looks into it. ZeroMQ reads 8 KiB at a time, and a message that
/// lies within such a block keeps all of it alive, 18 KiB with its bookkeeping; so what is that small is
/// copied.
inline Body kept(zmq::message_t message) {
  constexpr std::size_t received_block_bytes = 8'192;
  if (message.size() < received_block_bytes) return Body::of(message.to_string());
  auto owner = std::make_shared<const zmq::message_t>(std::move(message));
  const auto bytes = owner->to_string_view();
  return {std::move(owner), bytes};
}

}  // namespace reel::sdk
