// The broker's front door: one ROUTER socket, frames in and out. The only place that knows how a frame lies
// in a ZeroMQ message: [routing id][ToBroker or FromBroker][batch, where there is one].
#pragma once

#include <google/protobuf/arena.h>

#include <optional>
#include <string>
#include <vector>
#include <zmq.hpp>

#include "reel/v1/wire.pb.h"
#include "session/body.h"
#include "session/incoming.h"

namespace reel::broker {

/// What a frame carries besides its batch. Parsed, a header of nothing but empty messages takes thirty times
/// the memory of its bytes, so this bounds what one frame can cost.
inline constexpr std::size_t head_bytes_max = 1u << 20;

class RouterSocket {
 public:
  /// Binds; throws std::runtime_error naming the endpoint and the remedy where it cannot. A connection that
  /// sends a larger batch is closed by ZeroMQ.
  RouterSocket(zmq::context_t& context, const std::string& endpoint, std::size_t batch_bytes_max);
  ~RouterSocket();
  RouterSocket(const RouterSocket&) = delete;
  RouterSocket& operator=(const RouterSocket&) = delete;

  /// The next frame that has arrived, if any. What is parsed of it is valid until the next call, its batch
  /// for as long as somebody has the owner.
  [[nodiscard]] std::optional<Incoming> receive();
  /// False where the peer is gone or does not read.
  bool send(const RoutingId& to, const v1::FromBroker& frame, Body batch = {});
  /// Whether a connection has ended since the last call; not whose.
  [[nodiscard]] bool has_lost_connection();

  [[nodiscard]] zmq::socket_ref socket() { return socket_; }
  [[nodiscard]] std::string endpoint() const;

 private:
  zmq::socket_t socket_;
  zmq::socket_t monitor_;
  // A SETTLE may be thousands of ranges: parsed into memory that is used again, none of them is an
  // allocation.
  std::vector<char> parsing_;
  google::protobuf::Arena arena_;  // begins with parsing_
};

/// Binds `socket`, or throws std::runtime_error in words that help.
void bind_or_explain(zmq::socket_t& socket, const std::string& endpoint);
/// A ZeroMQ message that holds these bytes without copying them, unless they are few.
[[nodiscard]] zmq::message_t to_message(Body body);

}  // namespace reel::broker
