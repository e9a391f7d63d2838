#include "gateway/api/picture.h"

#include "gateway/api/call.h"
#include "gateway/api/questions.h"
#include "reel/query.h"
#include "story/flow_picture.h"
#include "story/otlp.h"
#include "story/picture_json.h"

namespace reel::gateway {
namespace {

v1::FlowReply flow_of(const Call& call) {
  v1::Request request;
  (void)ask_flow(call.given, nullptr, request);  // what was given has been checked
  v1::Reply reply = told(call.bus.ask_tracker(std::move(request)), 404);
  return std::move(*reply.mutable_flow());
}

}  // namespace

std::unique_ptr<story::ReadDeliveries> deliveries_of(Bus& bus, const story::Journal& journal,
                                                     EventTexts& events, const v1::FlowReply& flow) try {
  v1::Request request;
  request.mutable_services();
  const v1::Reply reply = told(bus.ask_broker(std::move(request)), 422);
  const auto known = events.known();
  const std::shared_ptr<const SchemaSet> schemas{known, &known->schemas};
  return story::read_deliveries(journal, reply.services(), schemas, flow);
} catch (const NotReachable&) {
  return nullptr;
} catch (const Refused&) {
  return nullptr;
}

std::string answer_picture(const Call& call) {
  const v1::FlowReply flow = flow_of(call);
  const auto read = deliveries_of(call.bus, call.journal, call.events, flow);
  std::string text;
  story::write_picture_json(story::FlowPicture{flow, read != nullptr ? read->deliveries.get() : nullptr},
                            [&](std::string_view part) { text += part; });
  text.resize(text.rfind('}'));  // the object goes on
  return text + ",\"next\":" + std::to_string(flow.next()) + "}";
}

std::string answer_otlp(const Call& call) {
  const v1::FlowReply flow = flow_of(call);
  const auto read = deliveries_of(call.bus, call.journal, call.events, flow);
  std::string text;
  story::write_otlp(story::FlowPicture{flow, read != nullptr ? read->deliveries.get() : nullptr},
                    [&](std::string_view part) { text += part; });
  return text;
}

}  // namespace reel::gateway
