// A flow as a trace in OpenTelemetry's JSON encoding (OTLP/JSON, ExportTraceServiceRequest), for tracing back
// ends: `reel flow ID -o otlp | curl -d @- -H 'Content-Type: application/json' http://…:4318/v1/traces`.
//
// Tracing back ends show what happened; a span with an error for each follow-up that is overdue shows what
// did not.
//
// A span for each event (producer: from when it was made, by its corrected clock, to its acceptance) and one
// for each attempt of a service to handle it (consumer: from handing over to its end). An effect's span
// stands below the attempt that published it, an overdue follow-up below the event that armed it. The trace
// id is that of the first traceparent in the flow; without one, a UUID correlation id is it, and any other is
// hashed. Span ids are hashes, so the same flow exported twice is the same trace. Times are log time, in
// nanoseconds, as text. Pure.
#pragma once

#include <string>
#include <string_view>

#include "story/flow_picture.h"
#include "story/sink.h"

namespace reel::story {

/// A whole request, for one flow.
void write_otlp(const FlowPicture& picture, const Sink& out);

/// The items of its `resourceSpans` alone: several flows are one request as otlp_begin, items, ",", items,
/// otlp_end. Never none: a flow has an event.
void write_otlp_items(const FlowPicture& picture, const Sink& out);
inline constexpr std::string_view otlp_begin = "{\"resourceSpans\":[";
inline constexpr std::string_view otlp_end = "]}\n";

/// 32 hexadecimal digits, not all 0.
[[nodiscard]] std::string trace_id_of(const std::string& traceparent, const std::string& correlationid);

}  // namespace reel::story
