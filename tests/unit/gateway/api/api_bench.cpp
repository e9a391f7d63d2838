#include "api_bench.h"

#include <google/protobuf/wrappers.pb.h>

#include <sstream>

#include "event/batch.h"
#include "event/topic.h"
#include "filled_message.h"
#include "reel/query.h"
#include "reel/v1/event.pb.h"

namespace reel::test {
namespace {

std::string encoded(const StreamEvent& event) {
  v1::Event whole;
  whole.set_id(std::string{event.id});
  whole.set_correlationid(std::string{event.correlationid});
  whole.set_causationid(std::string{event.causationid});
  whole.set_data(std::string{event.data});
  return whole.SerializeAsString();
}

}  // namespace

std::string encoded_event(const std::string& text) {
  google::protobuf::StringValue payload;
  payload.set_value(text);
  v1::Event event;
  event.set_id("event-1");
  event.set_correlationid("order-7");
  event.set_data(payload.SerializeAsString());
  return event.SerializeAsString();
}

v1::Reply FakeBus::answer(v1::Request request, bool there, const std::string& who) {
  if (!there) throw NotReachable{"no " + who + " answers at tcp://127.0.0.1:1 within 3s"};
  v1::Reply reply;
  if (request.has_schemas()) {
    ++asked_for_schemas;
    *reply.mutable_schemas() = schemas;
    return reply;
  }
  asked.push_back(request);
  reply.set_error(error);
  if (!error.empty()) return reply;
  // Question and answer bear the same name.
  const auto& asks = *request.GetReflection();
  const auto* question =
      asks.GetOneofFieldDescriptor(request, request.GetDescriptor()->FindOneofByName("ask"));
  const auto* field = reply.GetDescriptor()->FindFieldByName(question->name());
  auto& told = *reply.GetReflection()->MutableMessage(&reply, field);
  if (filled) fill(told);
  if (tell) tell(request, reply);
  return reply;
}

std::uint64_t FakeJournal::read(const story::JournalReading& reading,
                                const std::function<bool(const StreamEvent&)>& each) const {
  for (const StreamEvent& event : words_->events()) {
    if (event.offset < reading.start.value() || event.offset >= reading.end.offset) continue;
    const bool wanted = std::any_of(reading.patterns.begin(), reading.patterns.end(),
                                    [&](const auto& pattern) { return matches(pattern, event.topic); });
    if (!wanted) continue;
    // The words leave out what the ledger's readers do not look at.
    const std::string bytes = encoded(event);
    StreamEvent whole = event;
    whole.bytes = bytes;
    if (!each(whole)) break;
  }
  return std::max<std::uint64_t>(1, reading.start.value());
}

ApiBench::ApiBench(const std::string& journal)
    : words_{std::make_shared<JournalInWords>(journal)},
      api_{bus, model, std::make_unique<FakeJournal>(words_)} {}

Answer ApiBench::post(const std::string& target, const std::string& body, const std::string& content_type) {
  return send("POST", target, body, content_type);
}

Answer ApiBench::send(const std::string& method, const std::string& target, const std::string& body,
                      const std::string& content_type) {
  gateway::HttpRequest request{.method = method, .path = target.substr(0, target.find('?')), .body = body};
  if (const auto mark = target.find('?'); mark != std::string::npos) {
    std::istringstream pairs{target.substr(mark + 1)};
    for (std::string pair; std::getline(pairs, pair, '&');)
      request.query.emplace(pair.substr(0, pair.find('=')), pair.substr(pair.find('=') + 1));
  }
  if (!content_type.empty()) request.headers.emplace("content-type", content_type);
  const auto response = api_.answer(request);
  if (!response) throw std::invalid_argument{"not the API's: " + target};
  return {.status = response->status,
          .json = Json::parse(response->body),
          .text = response->body,
          .type = response->content_type,
          .headers = response->headers};
}

bool ApiBench::takes(const std::string& method, const std::string& path) {
  return api_.answer({.method = method, .path = path}).has_value();
}

}  // namespace reel::test
