#include "gateway/traces/flow_spans.h"

#include "gateway/api/picture.h"
#include "story/deliveries_reading.h"
#include "story/flow_picture.h"
#include "story/otlp.h"

namespace reel::gateway {

bool FlowSpans::write(const std::string& id, const story::Sink& out) const {
  v1::Request request;
  auto& ask = *request.mutable_flow();
  ask.set_correlationid(id);
  ask.set_limit(trace_steps_max);
  const v1::Reply reply = bus_.ask_tracker(std::move(request));
  const v1::FlowReply& flow = reply.flow();
  if (!reply.error().empty() || flow.summary().correlationid().empty() || flow.steps().empty()) return false;
  const auto read = deliveries_of(bus_, journal_, events_, flow);
  story::write_otlp_items(story::FlowPicture{flow, read != nullptr ? read->deliveries.get() : nullptr}, out);
  return true;
}

}  // namespace reel::gateway
