#include "adapters/cloud_event_message.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "event/base64.h"

namespace reel::adapters {
namespace {

using Json = nlohmann::ordered_json;

// CloudEvents' canonical form; EventJson writes text, numbers and flags.
std::string attribute_text(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

// Data that is JSON says nothing of its type, or its own.
void take_data(const Json& event, CloudEventMessage& message) {
  const auto type = event.find("datacontenttype");
  if (const auto data = event.find("data"); data != event.end()) {
    message.body = data->dump();
    message.content_type = type == event.end() ? "application/json" : type->get<std::string>();
  } else if (const auto bytes = event.find("data_base64"); bytes != event.end()) {
    message.body = parse_base64(bytes->get<std::string>()).value();
    message.content_type = type == event.end() ? "application/octet-stream" : type->get<std::string>();
  }
}

CloudEventMessage binary_message(const std::string& json) {
  const auto event = Json::parse(json);
  CloudEventMessage message;
  take_data(event, message);
  for (const auto& [name, value] : event.items()) {
    if (name == "data" || name == "data_base64" || name == "datacontenttype") continue;
    message.headers.emplace_back("ce-" + name, header_encoded(attribute_text(value)));
  }
  return message;
}

}  // namespace

CloudEventMessage message_of(std::string json, config::CloudEventsMode mode) {
  if (mode == config::CloudEventsMode::binary) return binary_message(json);
  return {std::move(json), "application/cloudevents+json", {}};
}

std::string header_encoded(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '"' && c != '%') {
      encoded += c;
    } else {
      encoded += '%';
      encoded += digits[byte >> 4];
      encoded += digits[byte & 0xf];
    }
  }
  return encoded;
}

}  // namespace reel::adapters
