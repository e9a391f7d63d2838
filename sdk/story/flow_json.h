// Flows as JSON objects: what `-o json` prints of them. Attributes of events bear their CloudEvents names,
// times are RFC 3339, durations milliseconds.
#pragma once

#include <nlohmann/json.hpp>

#include "reel/v1/query.pb.h"

namespace reel::story {

using Json = nlohmann::ordered_json;

/// `watermark` is the tracker's "now", by which lateness is measured.
[[nodiscard]] Json summary_json(const v1::FlowSummary& summary, std::uint64_t watermark);
[[nodiscard]] Json step_json(const v1::FlowStep& step);
[[nodiscard]] Json expectation_json(const v1::Expectation& expectation, std::uint64_t watermark);
/// A summary with its steps and expectations.
[[nodiscard]] Json flow_json(const v1::FlowReply& flow);

/// One line; bytes that are not UTF-8 become U+FFFD instead of an exception.
[[nodiscard]] std::string line_of(const Json& json);

}  // namespace reel::story
