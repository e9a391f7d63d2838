// CloudEvents as HTTP requests bring them: the HTTP protocol binding 1.0.2, and one short form besides.
//
//   const CloudEventsHttp binding{schemas, topic_types, {.events_max = 10'000}};
//   const ReadRequest read = binding.read(request);
//   if (read.refused) answer(*read.refused);
//   for (const auto& entry : read.entries) entry.event ? publish(*entry.event) : refuse(entry.fault);
//
//   mode         Content-Type                            where the attributes are
//   binary       that of the payload                     headers ce-…, percent-encoded
//   structured   application/cloudevents+json            the body, one JSON object
//   batched      application/cloudevents-batch+json      the body, an array of them
//   short form   application/json, no ce-specversion     the body, `{"type": …, "data": …}`: what people type
//
// The first three must be CloudEvents: specversion, id, source and type are required. Payloads are JSON or
// application/protobuf. A `traceparent` header that the W3C would accept counts where the event has none of
// its own.
//
// Sans-IO. Not to be shared between threads: what reads the payloads is not.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "event/event_json.h"
#include "gateway/http/message.h"

namespace reel::gateway {

/// Why an event, or a request, is not taken.
struct EventFault {
  int status = 400;
  std::string text;       ///< one sentence
  std::string attribute;  ///< which is at fault, or "data"; empty where none is
  v1::RefusalReason reason = v1::REFUSAL_UNKNOWN;
};

/// Exactly one of them.
struct ReadEvent {
  std::optional<EventDraft> event;
  EventFault fault;
};

struct ReadRequest {
  /// The whole of it: nothing in it was looked at.
  std::optional<EventFault> refused;
  bool batch = false;
  std::vector<ReadEvent> entries;  ///< one, unless it is a batch
};

struct BindingLimits {
  std::size_t events_max = 10'000;  ///< in one batch
};

class CloudEventsHttp {
 public:
  CloudEventsHttp(const SchemaSet& schemas, TopicTypes topic_types, BindingLimits limits);

  [[nodiscard]] ReadRequest read(const HttpRequest& request) const;

 private:
  [[nodiscard]] ReadEvent read_binary(const HttpRequest& request, std::string content_type) const;
  [[nodiscard]] ReadRequest read_batch(const HttpRequest& request) const;

  EventJson json_;
  BindingLimits limits_;
};

/// The value of a header that carries an attribute: quotes off, then one round of percent-decoding. Nothing
/// where that does not yield UTF-8.
[[nodiscard]] std::optional<std::string> header_text(std::string_view value);

/// Whether a traceparent is one, by the rules of W3C Trace Context for version 00 and those to come.
[[nodiscard]] bool is_traceparent(std::string_view text);

/// "bad_attribute": as `reel pub -o json` says it.
[[nodiscard]] std::string reason_name(v1::RefusalReason reason);
/// What a refusal is in HTTP.
[[nodiscard]] int status_of(v1::RefusalReason reason);

}  // namespace reel::gateway
