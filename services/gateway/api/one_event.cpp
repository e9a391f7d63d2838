#include "gateway/api/one_event.h"

#include <spdlog/fmt/fmt.h>

#include "gateway/api/call.h"

namespace reel::gateway {

std::string answer_event(const Call& call) {
  const std::uint64_t offset = call.given.number("offset");
  v1::Request request;
  request.mutable_services();
  const v1::Reply reply = told(call.bus.ask_broker(std::move(request)), 422);
  const story::JournalEnd end{.offset = reply.services().end_offset(), .time = reply.services().now()};
  std::string text;
  const bool there = read_event_at(call.journal, offset, end, [&](const StreamEvent& event) {
    EventWriter writer{call.events};
    text = writer.write({.source = event.source, .topic = event.topic, .dataschema = event.dataschema},
                        event.bytes, {.offset = event.offset, .log_time = event.recordedtime});
  });
  if (!there) throw Refused{404, fmt::format("the journal holds no event at offset {}", offset)};
  return "{\"event\":" + text + "}";
}

}  // namespace reel::gateway
