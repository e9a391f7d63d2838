// `reel pub --lines`: events from JSON lines on standard input, as fast as the broker takes them.
#pragma once

#include <string>

#include "cli/invocation.h"
#include "reel/options.h"
#include "reel/outcome.h"

namespace reel::cli {

/// Publishes every line; what is wrong with one is said as "line 7: …" on stderr and the others go on. Ends
/// with a summary; exit code 1 if any line was not accepted. `source` is for lines that name none.
[[nodiscard]] int publish_lines(Invocation& invocation, const std::string& source);

/// How a command publishes: to the given brokers, with the given patience.
[[nodiscard]] reel::Options publisher_options(const Globals& globals);

/// The sentence for an event that was not accepted.
[[nodiscard]] Failure failure_of(const Globals& globals, const PublishResult& result);

}  // namespace reel::cli
