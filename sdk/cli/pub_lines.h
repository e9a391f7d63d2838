// `reel pub --lines`: events from JSON lines on standard input, as fast as the broker takes them.
#pragma once

#include <string>

#include "cli/invocation.h"
#include "reel/options.h"
#include "reel/outcome.h"
#include "story/flow_json.h"

namespace reel::cli {

using namespace story;

/// Publishes every line; what is wrong with one is said as "line 7: …" on stderr, in JSON besides as an
/// object with the number of the `line`, and the others go on. Ends with a summary; exit code 1 if any line
/// was not accepted. `source` is for lines that name none.
[[nodiscard]] int publish_lines(Invocation& invocation, const std::string& source);

/// How a command publishes: to the given brokers, with the given patience.
[[nodiscard]] reel::Options publisher_options(const Globals& globals);

/// The sentence for an event that was not accepted.
[[nodiscard]] Failure failure_of(const Globals& globals, const PublishResult& result);

/// What a script is told of an event that was refused, by the broker or before it was sent:
/// {"outcome":"rejected","reason":"unknown_topic","text":"unknown topic …"}
[[nodiscard]] Json refusal_json(v1::RefusalReason reason, const std::string& text);

}  // namespace reel::cli
