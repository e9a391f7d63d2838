// One run: a fresh server, receivers in place, senders ready; then the clock.
//
// It runs from the starting signal until the last event has arrived everywhere and, where events are acked,
// the server has dealt with the last ack. Catching up, it runs from the start of the receivers, when
// everything has been sent.
#pragma once

#include "figures.h"
#include "profiler.h"
#include "task.h"

namespace reel::bench {

/// Throws std::runtime_error where the bus did not do its work: an event was lost, repeated or out of order,
/// or nothing moves any more. That is asked when everything has arrived, and again when everything is
/// settled.
///
/// `profiler`, where there is one, samples all processes from the starting signal to the end of the
/// aftermath. Throws std::invalid_argument where not everybody is there when the clock starts.
[[nodiscard]] Figures run(const Task& task, Profiler* profiler = nullptr);

}  // namespace reel::bench
