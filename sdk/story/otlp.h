// A flow as a trace in OpenTelemetry's JSON encoding (OTLP/JSON, ExportTraceServiceRequest), for tracing back
// ends: `reel flow ID -o otlp | curl -d @- -H 'Content-Type: application/json' http://…:4318/v1/traces`.
//
// A span for each event (producer: from when it was made, by its corrected clock, to its acceptance) and one
// for each attempt of a service to handle it (consumer: from handing over to its end). An effect's span
// stands below the attempt that published it. The trace id is that of the first traceparent in the flow;
// without one, a UUID correlation id is it, and any other is hashed. Span ids are hashes, so the same flow
// exported twice is the same trace. Times are log time, in nanoseconds, as text. Pure.
#pragma once

#include <string>

#include "story/flow_picture.h"
#include "story/sink.h"

namespace reel::cli {

using namespace story;

void write_otlp(const FlowPicture& picture, const Sink& out);

/// 32 hexadecimal digits, not all 0.
[[nodiscard]] std::string trace_id_of(const std::string& traceparent, const std::string& correlationid);

}  // namespace reel::cli
