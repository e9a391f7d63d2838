// The process in which zmq_proxy runs.
#pragma once

#include "task.h"

namespace reel::bench {

/// Passes on what comes to task.endpoint to those subscribed at task.live_endpoint, until it is killed.
void forward(const Task& task);

/// Messages that may wait in each queue on the way. Full queues hold the sender up instead of losing
/// anything.
inline constexpr int queue_messages_max = 10'000;

}  // namespace reel::bench
