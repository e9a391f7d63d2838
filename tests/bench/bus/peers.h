// The peers there are; peer.cpp gives them their names.
#pragma once

#include <memory>

#include "peer.h"

namespace reel::bench {

[[nodiscard]] std::unique_ptr<Peer> make_reel(bool with_tracker);
[[nodiscard]] std::unique_ptr<Peer> make_zmq_proxy();

/// Whether JetStream's consumers are sent events, or ask for them.
enum class Fetching { push, pull };
[[nodiscard]] std::unique_ptr<Peer> make_nats();
[[nodiscard]] std::unique_ptr<Peer> make_jetstream(Fetching fetching);
[[nodiscard]] std::unique_ptr<Peer> make_redis_streams();

}  // namespace reel::bench
