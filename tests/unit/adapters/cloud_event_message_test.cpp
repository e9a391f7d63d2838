// Events as HTTP messages, in both modes.
#include "adapters/cloud_event_message.h"

#include <doctest/doctest.h>

using namespace reel::adapters;
using reel::config::CloudEventsMode;

namespace {

std::string header(const CloudEventMessage& message, const std::string& name) {
  for (const auto& [known, value] : message.headers) {
    if (known == name) return value;
  }
  return "none";
}

const std::string event =
    R"({"specversion":"1.0","id":"e-1","source":"/web \u00e9","type":"order.placed","reelreplayed":true,)"
    R"("reeloffset":42,"data":{"b":1,"a":[2,3]}})";

}  // namespace

TEST_CASE("structured is the event as it is written") {
  const auto message = message_of(event, CloudEventsMode::structured);
  CHECK(message.body == event);
  CHECK(message.content_type == "application/cloudevents+json");
  CHECK(message.headers.empty());
}

TEST_CASE("binary has every attribute as a header, in a form that headers can hold") {
  const auto message = message_of(event, CloudEventsMode::binary);
  CHECK(message.body == R"({"b":1,"a":[2,3]})");
  CHECK(message.content_type == "application/json");
  CHECK(header(message, "ce-source") == "/web%20%C3%A9");
  CHECK(header(message, "ce-reeloffset") == "42");
  CHECK(header(message, "ce-reelreplayed") == "true");
  CHECK(message.headers.size() == 6);
}

TEST_CASE("data that is no JSON keeps its bytes and its type; no data has neither") {
  const auto bytes = message_of(R"({"id":"1","datacontenttype":"image/png","data_base64":"iVBORw=="})",
                                CloudEventsMode::binary);
  CHECK(bytes.body == "\x89PNG");
  CHECK(bytes.content_type == "image/png");
  CHECK(header(bytes, "ce-datacontenttype") == "none");
  const auto none = message_of(R"({"id":"1"})", CloudEventsMode::binary);
  CHECK(none.body.empty());
  CHECK(none.content_type.empty());
}

TEST_CASE("what a header may not hold is percent-encoded, and nothing else") {
  CHECK(header_encoded("order/7?x=1,2;z") == "order/7?x=1,2;z");
  CHECK(header_encoded("a b\"c%d\r\n\x7f") == "a%20b%22c%25d%0D%0A%7F");
}
