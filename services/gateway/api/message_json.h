// A protobuf message as JSON, by its descriptor: keys are the fields' names, every scalar is there also when
// it is zero, and what a number means is what it is written as (json_field.h).
//
//   message_json(reply.summary(), {})
//     -> {"watermark":"2026-03-01T10:00:00Z","offset":42,"caught_up":true,…,"ends":{"order.closed":3}}
//
// protobuf's own JSON would leave out what is zero, write 64-bit numbers as texts and times as numbers.
// Pure.
#pragma once

#include <google/protobuf/message.h>

#include <functional>
#include <string>

#include "gateway/api/json_field.h"

namespace reel::gateway {

/// Writes the encoded event that `field` of `holder` has as a JSON object. The event's topic, source and
/// schema stand in other fields of the holder.
using EventText = std::function<std::string(const pb::Message& holder, const std::string& event)>;

/// Without `event_text`, events are null.
[[nodiscard]] std::string message_json(const pb::Message& message, const EventText& event_text);

/// A string with its quotes; what is not UTF-8 becomes U+FFFD.
[[nodiscard]] std::string json_text(std::string_view text);

}  // namespace reel::gateway
