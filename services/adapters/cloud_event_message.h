// An event as an HTTP message, by CloudEvents' HTTP protocol binding: structured, where the body is all of
// it, or binary, where the body is its data and attributes are headers.
//
//   const CloudEventMessage message = message_of(reading.json_of(context), config::CloudEventsMode::binary);
//   message.headers        // ce-specversion: 1.0, ce-id: …, ce-type: order.placed, …
//
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "config/headers.h"
#include "config/model.h"

namespace reel::adapters {

struct CloudEventMessage {
  std::string body;
  std::string content_type;  ///< empty: there is no body
  config::HttpHeaders headers;
};

/// `json` is a whole event in the CloudEvents JSON format, as EventJson writes it.
[[nodiscard]] CloudEventMessage message_of(std::string json, config::CloudEventsMode mode);

/// What a header's value may hold, the rest as % and two digits: 3.1.3.2 of the binding.
[[nodiscard]] std::string header_encoded(std::string_view text);

}  // namespace reel::adapters
