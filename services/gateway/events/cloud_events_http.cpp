#include "gateway/events/cloud_events_http.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "event/media_type.h"
#include "event/quoted_text.h"
#include "event/strict_json.h"
#include "event/topic.h"
#include "event/utf8.h"
#include "gateway/http/target.h"

namespace reel::gateway {
namespace {

using nlohmann::json;
using Attributes = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view attribute_prefix = "ce-";
constexpr std::string_view single_type = "application/cloudevents";
constexpr std::string_view batch_type = "application/cloudevents-batch";
/// Who made an event of the short form that does not say it.
constexpr std::string_view unnamed_source = "http";

EventFault fault(int status, std::string text, std::string attribute = {},
                 v1::RefusalReason reason = v1::REFUSAL_BAD_ATTRIBUTE) {
  return {status, std::move(text), std::move(attribute), reason};
}

EventFault missing(const std::string& attribute) {
  return fault(400, attribute + " is missing: every CloudEvent has one", attribute);
}

ReadRequest refused(EventFault why) {
  return {.refused = std::move(why), .batch = false, .entries = {}};
}

ReadRequest single(ReadEvent event) {
  ReadRequest read;
  read.entries.push_back(std::move(event));
  return read;
}

ReadEvent result_of(ReadDraft read) {
  if (read.event && is_system_topic(read.event->topic)) {
    return {std::nullopt,
            fault(status_of(v1::REFUSAL_SYSTEM_TOPIC),
                  "topic " + read.event->topic + " is the system's own: it alone publishes there", "type",
                  v1::REFUSAL_SYSTEM_TOPIC)};
  }
  if (read.event) return {std::move(read.event), {}};
  return {std::nullopt, {status_of(read.reason), read.error, read.attribute, read.reason}};
}

// The context of the request itself, where the event brings none.
void add_trace(EventDraft& event, const HttpRequest& request) {
  const auto parent = request.header("traceparent");
  if (!event.traceparent.empty() || !parent || request.headers.count("traceparent") > 1) return;
  if (!is_traceparent(*parent)) return;  // the W3C: as if there were none
  event.traceparent = *parent;
  if (const auto state = request.header("tracestate"); state && event.tracestate.empty())
    event.tracestate = *state;
}

// What a CloudEvent must have and the reader of JSON, which takes the short form too, does not ask for.
std::optional<EventFault> lacks(const json& event) {
  if (!event.is_object()) return std::nullopt;  // the reader says so
  for (const char* name : {"specversion", "id", "source", "type"}) {
    const auto found = event.find(name);
    if (found == event.end() || found->is_null()) return missing(name);
  }
  return std::nullopt;
}

struct HeaderAttributes {
  Attributes attributes;
  std::optional<EventFault> fault;
};

// Of the headers ce-…: each once, decoded. Names and values are judged by the reader, as those in JSON are.
// Whoever sends one means binary mode, also where it is not the one he must not leave out.
bool has_attribute(const HttpRequest& request) {
  const auto first = request.headers.lower_bound(std::string{attribute_prefix});
  return first != request.headers.end() && first->first.starts_with(attribute_prefix);
}

HeaderAttributes attributes_of(const HttpRequest& request) {
  HeaderAttributes read;
  for (auto at = request.headers.lower_bound(std::string{attribute_prefix});
       at != request.headers.end() && at->first.starts_with(attribute_prefix); ++at) {
    const auto name = at->first.substr(attribute_prefix.size());
    if (!read.attributes.empty() && read.attributes.back().first == name)
      return {{}, fault(400, "header " + in_quotes(at->first) + " stands there twice", name)};
    if (name == "datacontenttype")
      return {{}, fault(400, "the payload's type stands in Content-Type, not in ce-datacontenttype", name)};
    if (name == "data" || name == "data_base64")
      return {{}, fault(400, "in this mode the payload is the body, not a header", "data")};
    auto value = header_text(at->second);
    if (!value)
      return {{}, fault(400, "header " + in_quotes(at->first) + " does not decode to UTF-8 text", name)};
    read.attributes.emplace_back(name, std::move(*value));
  }
  for (const char* name : {"specversion", "id", "source", "type"}) {
    const bool there = std::any_of(read.attributes.begin(), read.attributes.end(),
                                   [name](const auto& attribute) { return attribute.first == name; });
    if (!there) return {{}, missing(name)};
  }
  return read;
}

std::optional<EventFault> unreadable(std::string_view text, json& value) {
  // A batch's brackets are one more.
  auto wrong =
      read_strict_json(text, {.bytes_max = text.size(), .depth_max = event_json_depth_max + 1}, value);
  if (!wrong) return std::nullopt;
  return fault(400, std::move(*wrong), {}, v1::REFUSAL_MALFORMED);
}

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == text.npos;
}

bool is_zero(std::string_view text) {
  return text.find_first_not_of('0') == text.npos;
}

}  // namespace

CloudEventsHttp::CloudEventsHttp(const SchemaSet& schemas, TopicTypes topic_types, BindingLimits limits)
    : json_{schemas, std::move(topic_types)}, limits_{limits} {}

ReadRequest CloudEventsHttp::read(const HttpRequest& request) const {
  const auto written = request.header("content-type");
  if (request.headers.count("content-type") > 1)
    return refused(fault(400, "there is more than one Content-Type header", "datacontenttype"));
  std::optional<MediaType> type;
  if (written) {
    type = parse_media_type(*written);
    if (!type)
      return refused(
          fault(415, "Content-Type " + in_quotes(*written) + " is no media type", "datacontenttype"));
    if (!type->is_utf8())
      return refused(
          fault(415, "Content-Type " + in_quotes(*written) + ": only UTF-8 is read", "datacontenttype"));
  }
  const std::string name = type ? type->name : "";
  if (name == std::string{batch_type} + "+json") return read_batch(request);

  ReadEvent read;
  const bool binary = has_attribute(request);
  if (name == std::string{single_type} + "+json" || (name == "application/json" && !binary)) {
    json value;
    if (auto why = unreadable(request.body, value)) return refused(std::move(*why));
    if (auto why = name == "application/json" ? std::nullopt : lacks(value)) return refused(std::move(*why));
    read = result_of(json_.read_parsed(value));
    if (read.event && read.event->source.empty()) read.event->source = unnamed_source;
  } else if (name.starts_with(single_type)) {
    return refused(fault(415,
                         "of CloudEvents' formats only JSON is read: application/cloudevents+json and "
                         "application/cloudevents-batch+json",
                         "datacontenttype"));
  } else {
    read = read_binary(request, name);
  }
  if (read.event) add_trace(*read.event, request);
  return single(std::move(read));
}

ReadEvent CloudEventsHttp::read_binary(const HttpRequest& request, std::string content_type) const {
  auto read = attributes_of(request);
  if (read.fault) return {std::nullopt, std::move(*read.fault)};
  if (!request.body.empty() && content_type.empty())
    return {std::nullopt,
            fault(415, "there is a body and no Content-Type that says what it is", "datacontenttype")};
  if (!content_type.empty()) read.attributes.emplace_back("datacontenttype", content_type);
  auto result = result_of(json_.read_apart(read.attributes, request.body));
  if (!result.event && result.fault.attribute == "datacontenttype") result.fault.status = 415;
  return result;
}

ReadRequest CloudEventsHttp::read_batch(const HttpRequest& request) const {
  json value;
  if (auto why = unreadable(request.body, value)) return refused(std::move(*why));
  if (!value.is_array())
    return refused(fault(400, "a batch is a JSON array, this is " + std::string{value.type_name()}, {},
                         v1::REFUSAL_MALFORMED));
  if (value.size() > limits_.events_max)
    return refused(fault(413,
                         "the batch has " + std::to_string(value.size()) + " events, at most " +
                             std::to_string(limits_.events_max) + " are taken (gateway.batch_events_max)",
                         {}, v1::REFUSAL_TOO_LARGE));
  ReadRequest read;
  read.batch = true;
  read.entries.reserve(value.size());
  for (const auto& event : value) {
    auto why = lacks(event);
    read.entries.push_back(why ? ReadEvent{std::nullopt, std::move(*why)}
                               : result_of(json_.read_parsed(event)));
    if (read.entries.back().event) add_trace(*read.entries.back().event, request);
  }
  return read;
}

std::optional<std::string> header_text(std::string_view value) {
  const auto plain = unquoted(value);
  if (!plain) return std::nullopt;
  auto decoded = percent_decoded(*plain);
  if (!decoded || !is_utf8(*decoded)) return std::nullopt;
  return decoded;
}

bool is_traceparent(std::string_view text) {
  if (text.size() < 55 || text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
  const auto version = text.substr(0, 2), trace = text.substr(3, 32), parent = text.substr(36, 16);
  if (!is_hex(version) || !is_hex(trace) || !is_hex(parent) || !is_hex(text.substr(53, 2))) return false;
  if (version == "ff" || is_zero(trace) || is_zero(parent)) return false;
  return text.size() == 55 || (version != "00" && text[55] == '-');
}

std::string reason_name(v1::RefusalReason reason) {
  constexpr std::string_view prefix = "REFUSAL_";
  const std::string name = v1::RefusalReason_Name(reason);  // empty for a newer broker's
  return name.empty() ? "unknown" : lower_case(std::string_view{name}.substr(prefix.size()));
}

int status_of(v1::RefusalReason reason) {
  switch (reason) {
    case v1::REFUSAL_TOO_LARGE: return 413;
    case v1::REFUSAL_SYSTEM_TOPIC:
    case v1::REFUSAL_NOT_ALLOWED: return 403;
    case v1::REFUSAL_UNKNOWN_TOPIC:
    case v1::REFUSAL_UNROUTED: return 422;
    case v1::REFUSAL_TOO_MANY_DELAYED: return 429;
    case v1::REFUSAL_JOURNAL_UNAVAILABLE: return 503;
    default: return 400;
  }
}

}  // namespace reel::gateway
