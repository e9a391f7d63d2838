// The live tap: every committed run as `[topic][batch]` on an XPUB socket, at most once, for any ZeroMQ SUB
// client in any language. The only way that `durable: false` topics travel.
#pragma once

#include <string>
#include <zmq.hpp>

#include "journal/stored_batch.h"

namespace reel::broker {

class LiveTap {
 public:
  /// Binds; throws std::runtime_error in words that help.
  LiveTap(zmq::context_t& context, const std::string& endpoint);

  void publish(const StoredBatch& batch);
  /// Takes the subscriptions that arrived.
  void take_subscriptions();

  [[nodiscard]] zmq::socket_ref socket() { return socket_; }
  [[nodiscard]] std::string endpoint() const { return socket_.get(zmq::sockopt::last_endpoint); }

 private:
  zmq::socket_t socket_;
  std::size_t subscriptions_ = 0;  // while there are none, nothing is copied
};

}  // namespace reel::broker
