// One flow as a whole, with each delivery: GET /v1/flows/{id}/picture, which is `reel flow ID -o json`.
#pragma once

#include <memory>
#include <string>

#include "gateway/api/event_texts.h"
#include "gateway/bus.h"
#include "reel/v1/query.pb.h"
#include "story/deliveries_reading.h"
#include "story/journal.h"

namespace reel::gateway {

struct Call;

/// What became of the flow's deliveries. Null where they cannot be read now: without a broker, or of a flow
/// that is owed something since long ago. The rest can be shown all the same.
[[nodiscard]] std::unique_ptr<story::ReadDeliveries> deliveries_of(Bus& bus, const story::Journal& journal,
                                                                   EventTexts& events,
                                                                   const v1::FlowReply& flow);

[[nodiscard]] std::string answer_picture(const Call& call);
/// As a trace of OpenTelemetry: GET /v1/flows/{id}/otlp, which is `reel flow ID -o otlp`.
[[nodiscard]] std::string answer_otlp(const Call& call);

}  // namespace reel::gateway
