#include "event/envelope_check.h"

#include <algorithm>

#include "event/payload_check.h"
#include "event/quoted_text.h"
#include "event/rfc3339.h"
#include "event/utf8.h"
#include "reel/v1/event.pb.h"

namespace reel {
namespace {

// What the envelope itself says, in our words or CloudEvents'.
constexpr std::string_view reserved[] = {
    "id",          "source",        "type",        "topic",           "subject",
    "time",        "specversion",   "dataschema",  "datacontenttype", "data",
    "data_base64", "correlationid", "causationid", "partitionkey",    "traceparent",
    "tracestate",  "delivertime",   "expirytime",  "reelreplayed",    "reeloffset",
    "recordedtime"};

bool fits(std::string_view text, std::size_t bytes_max) {
  return text.size() <= bytes_max && is_utf8(text);
}

std::string misfit(std::string_view what, std::string_view text, std::size_t bytes_max) {
  if (text.size() > bytes_max) {
    return std::string{what} + " is " + std::to_string(text.size()) + " bytes long, at most " +
           std::to_string(bytes_max) + " are allowed";
  }
  return std::string{what} + " " + in_quotes(text) + " is not valid UTF-8";
}

EnvelopeFault id_fault(EnvelopePart part, std::string_view what, std::string_view id) {
  if (id.empty()) return {part, std::string{what} + " is empty"};
  return {part, misfit(what, id, id_bytes_max)};
}

std::optional<std::string> check_attributes(const EventView& event) {
  static const PayloadCheck envelope{*v1::Event::descriptor()};  // a map entry may be malformed in many ways
  if (const auto fault = envelope.check(event.bytes.substr(0, event.envelope_bytes))) {
    return "the envelope is malformed: " + *fault;
  }
  const auto attributes = attributes_of(event.bytes);
  if (attributes.size() > attributes_max) {
    return "the event has " + std::to_string(attributes.size()) + " further attributes, at most " +
           std::to_string(attributes_max) + " are allowed";
  }
  for (const auto& attribute : attributes) {
    if (auto fault = check_attribute_name(attribute.name)) return fault;
    if (!fits(attribute.value, attribute_value_bytes_max)) {
      return misfit("attribute " + in_quotes(attribute.name), attribute.value, attribute_value_bytes_max);
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<EnvelopeFault> check_envelope(const EventView& event) {
  if (event.id.empty() || !fits(event.id, id_bytes_max)) {
    return id_fault(EnvelopePart::id, "event id", event.id);
  }
  if (event.correlationid.empty() || !fits(event.correlationid, id_bytes_max)) {
    return id_fault(EnvelopePart::correlationid, "correlation id", event.correlationid);
  }
  const struct {
    std::string_view what;
    std::string_view text;
    std::size_t bytes_max;
  } others[] = {{"causation id", event.causationid, id_bytes_max},
                {"partition key", event.partitionkey, id_bytes_max},
                {"subject", event.subject, subject_bytes_max},
                {"datacontenttype", event.datacontenttype, datacontenttype_bytes_max},
                {"traceparent", event.traceparent, traceparent_bytes_max},
                {"tracestate", event.tracestate, tracestate_bytes_max}};
  for (const auto& other : others) {
    if (other.text.empty() || fits(other.text, other.bytes_max)) continue;
    return EnvelopeFault{EnvelopePart::attribute, misfit(other.what, other.text, other.bytes_max)};
  }
  if (event.expirytime != 0 && event.expirytime <= event.delivertime) {
    return EnvelopeFault{EnvelopePart::attribute, "expirytime " + rfc3339(event.expirytime) +
                                                      " is not after delivertime " +
                                                      rfc3339(event.delivertime)};
  }
  if (event.has_attributes) {
    if (auto fault = check_attributes(event))
      return EnvelopeFault{EnvelopePart::attribute, std::move(*fault)};
  }
  return std::nullopt;
}

std::optional<std::string> check_source(std::string_view source) {
  if (source.empty()) return "source is empty";
  if (!fits(source, id_bytes_max)) return misfit("source", source, id_bytes_max);
  return std::nullopt;
}

std::optional<std::string> check_attribute_name(std::string_view name) {
  if (name.empty()) return "an attribute's name is empty";
  if (name.size() > attribute_name_bytes_max) {
    return "attribute name " + in_quotes(name) + " is " + std::to_string(name.size()) +
           " bytes long, at most " + std::to_string(attribute_name_bytes_max) + " are allowed";
  }
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  if (std::find(std::begin(reserved), std::end(reserved), name) != std::end(reserved)) {
    return "attribute name " + in_quotes(name) + " is reserved";
  }
  if (!std::all_of(name.begin(), name.end(), allowed)) {
    return "attribute name " + in_quotes(name) + " may have only lower-case letters and digits";
  }
  return std::nullopt;
}

}  // namespace reel
