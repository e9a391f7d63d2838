#include "story/otlp.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "event/uuid.h"
#include "story/attempts.h"
#include "story/flow_json.h"
#include "story/flow_words.h"

namespace reel::story {
namespace {

// Numbers of the protocol's enums.
constexpr int span_kind_internal = 1;
constexpr int span_kind_producer = 4;
constexpr int span_kind_consumer = 5;
constexpr int status_error = 2;

bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool all_zero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

/// "00-TRACE-PARENT-FLAGS" of the W3C, taken apart; two empty texts where it is none.
std::pair<std::string, std::string> taken_apart(const std::string& traceparent) {
  const bool whole = traceparent.size() >= 55 && traceparent[2] == '-' && traceparent[35] == '-' &&
                     traceparent[52] == '-' && is_hex(traceparent.substr(0, 2)) &&
                     traceparent.substr(0, 2) != "ff";
  if (!whole) return {};
  std::string trace = traceparent.substr(3, 32);
  std::string parent = traceparent.substr(36, 16);
  if (!is_hex(trace) || all_zero(trace) || !is_hex(parent) || all_zero(parent)) return {};
  return {std::move(trace), std::move(parent)};
}

std::string hex(std::uint64_t number) {
  std::string digits(16, '0');
  for (auto digit = digits.rbegin(); number != 0; ++digit, number >>= 4)
    *digit = "0123456789abcdef"[number & 0xf];
  return digits;
}

std::string span_id(std::initializer_list<std::string_view> parts) {
  const std::uint64_t hash = hash_128(parts).high;
  return hex(hash == 0 ? 1 : hash);
}

std::string event_span(const v1::FlowStep& step) {
  return span_id({"event", std::to_string(step.offset()), step.id()});
}

std::string attempt_span(const v1::FlowStep& step, const std::string& service, const StoryStep& handed) {
  return span_id({"attempt", std::to_string(step.offset()), service, std::to_string(handed.time),
                  std::to_string(handed.delivery)});
}

Json text_attribute(const char* key, const std::string& value) {
  return {{"key", key}, {"value", {{"stringValue", value}}}};
}

Json number_attribute(const char* key, std::uint64_t value) {
  return {{"key", key}, {"value", {{"intValue", std::to_string(value)}}}};
}

/// A service, and its instance where it is known.
using Resource = std::pair<std::string, std::string>;

struct SpanPlace {
  std::size_t step = 0;
  const StoryPart* part = nullptr;  // null: the event itself
  std::size_t attempt = 0;
  const v1::Expectation* owed = nullptr;  // not null: what is overdue
};

std::string joined(const google::protobuf::RepeatedPtrField<std::string>& topics, const std::string& last) {
  std::string all;
  for (int i = 0; i < topics.size(); ++i)
    all += (i == 0 ? "" : i + 1 == topics.size() ? last : ", ") + topics[i];
  return all.empty() ? "the flow's end" : all;
}

std::string owed_text(const v1::Expectation& owed) {
  return joined(owed.missing().empty() ? owed.expected() : owed.missing(), owed.any_of() ? " or " : " and ");
}

class OtlpWriter {
 public:
  OtlpWriter(const FlowPicture& picture, const Sink& out) : picture_{picture}, out_{out} {
    const std::string traceparent = picture.has_deliveries() ? picture.deliveries()->traceparent() : "";
    trace_ = trace_id_of(traceparent, picture.flow().summary().correlationid());
    caller_ = taken_apart(traceparent).second;
    for (std::size_t i = 0; i < picture.size(); ++i) place(i);
    for (const auto& owed : picture.flow().expectations()) {
      if (owed.verdict() == v1::VERDICT_OVERDUE) place(owed);
    }
  }

  void run() {
    bool first = true;
    for (const auto& [resource, spans] : spans_) {
      if (!std::exchange(first, false)) out_(",");
      write(resource, spans);
    }
  }

 private:
  // What an instance published and what it was handed are of one resource.
  void place(std::size_t i) {
    const std::string& source = picture_.step(i).source();
    const std::string service = service_of(source);
    const StoryPart* published_in = picture_.published_in(i);
    const StoryStep* handed = published_in == nullptr ? nullptr : handed_for(*published_in, picture_.step(i));
    const std::string instance = handed != nullptr                ? handed->instance
                                 : source.size() > service.size() ? source.substr(service.size() + 1)
                                                                  : "";
    spans_[{service, instance}].push_back({.step = i});
    for (const StoryPart* part : picture_.parts(i)) {
      const auto attempts = attempts_of(*part);
      for (std::size_t k = 0; k < attempts.size(); ++k) {
        if (attempts[k].handed == nullptr) continue;
        spans_[{part->service, attempts[k].handed->instance}].push_back(
            {.step = i, .part = part, .attempt = k});
      }
    }
  }

  // Who owes it has it among what it did; nobody named is Reel.
  void place(const v1::Expectation& owed) {
    spans_[{owed.owner().empty() ? "reel" : owed.owner(), ""}].push_back({.owed = &owed});
  }

  void write(const Resource& resource, const std::vector<SpanPlace>& spans) {
    Json attributes = Json::array({text_attribute("service.name", resource.first)});
    if (!resource.second.empty())
      attributes.push_back(text_attribute("service.instance.id", resource.second));
    out_("{\"resource\":" + line_of({{"attributes", std::move(attributes)}}) +
         ",\"scopeSpans\":[{\"scope\":{\"name\":\"reel\",\"version\":\"" REEL_VERSION "\"},\"spans\":[");
    bool first = true;
    for (const SpanPlace& at : spans) {
      if (!std::exchange(first, false)) out_(",");
      out_(line_of(at.owed != nullptr   ? overdue_json(*at.owed)
                   : at.part == nullptr ? event_json(at.step)
                                        : attempt_json(at)));
    }
    out_("]}]}");
  }

  Json span(const std::string& id, const std::string& parent, const std::string& name, int kind,
            std::uint64_t begin, std::uint64_t end) const {
    Json json{{"traceId", trace_}, {"spanId", id}};
    if (!parent.empty()) json["parentSpanId"] = parent;
    json["name"] = name;
    json["kind"] = kind;
    json["startTimeUnixNano"] = std::to_string(begin);
    json["endTimeUnixNano"] = std::to_string(std::max(begin, end));
    return json;
  }

  Json attributes_of_step(const v1::FlowStep& step, const char* operation) const {
    return Json::array(
        {text_attribute("messaging.system", "reel"), text_attribute("messaging.operation.type", operation),
         text_attribute("messaging.destination.name", step.topic()),
         text_attribute("messaging.message.id", step.id()),
         text_attribute("messaging.message.conversation_id", picture_.flow().summary().correlationid()),
         number_attribute("reel.offset", step.offset())});
  }

  /// Below the attempt that published it; else below its cause; else below who called from outside.
  [[nodiscard]] std::string parent_of(std::size_t i) const {
    const auto cause = picture_.cause(i);
    if (!cause) return caller_;
    const StoryPart* part = picture_.published_in(i);
    const StoryStep* handed = part == nullptr ? nullptr : handed_for(*part, picture_.step(i));
    return handed == nullptr ? event_span(picture_.step(*cause))
                             : attempt_span(picture_.step(*cause), part->service, *handed);
  }

  Json event_json(std::size_t i) const {
    const v1::FlowStep& step = picture_.step(i);
    const auto gap = picture_.gap(i);
    const std::uint64_t publishing = gap && gap->split ? gap->part(GapPart::publishing) : 0;
    Json json = span(event_span(step), parent_of(i), "publish " + step.topic(), span_kind_producer,
                     step.recordedtime() - publishing, step.recordedtime());
    json["attributes"] = attributes_of_step(step, "send");
    return json;
  }

  Json attempt_json(const SpanPlace& at) const {
    const v1::FlowStep& step = picture_.step(at.step);
    const Attempt attempt = attempts_of(*at.part)[at.attempt];
    const StoryStep& handed = *attempt.handed;
    const std::uint64_t end = attempt.ended != nullptr ? attempt.ended->time : picture_.flow().watermark();
    Json json = span(attempt_span(step, at.part->service, handed), event_span(step),
                     "process " + step.topic(), span_kind_consumer, handed.time, end);
    Json attributes = attributes_of_step(step, "process");
    attributes.push_back(text_attribute("messaging.consumer.group.name", at.part->service));
    attributes.push_back(number_attribute("reel.attempt", handed.attempt));
    attributes.push_back(
        text_attribute("reel.outcome", attempt.ended != nullptr ? end_text(attempt.ended->kind) : "in hand"));
    if (attempt.ended != nullptr && is_failure(attempt.ended->kind)) {
      if (!attempt.ended->error_type.empty())
        attributes.push_back(text_attribute("error.type", attempt.ended->error_type));
      json["status"] = {{"code", status_error}, {"message", error_text(*attempt.ended)}};
    }
    json["attributes"] = std::move(attributes);
    return json;
  }

  /// From what armed it to now, below the event that did; below nothing where it is the flow's own deadline.
  Json overdue_json(const v1::Expectation& owed) const {
    const auto& steps = picture_.flow().steps();
    const auto armed_by = std::lower_bound(
        steps.begin(), steps.end(), owed.after_offset(),
        [](const v1::FlowStep& step, std::uint64_t offset) { return step.offset() < offset; });
    const bool known = armed_by != steps.end() && armed_by->offset() == owed.after_offset();
    const std::string parent = known ? event_span(*armed_by) : caller_;
    const std::string what = owed_text(owed);
    Json json = span(span_id({"overdue", picture_.flow().summary().correlationid(), owed.definition(),
                              owed.after(), what, std::to_string(owed.armed_at())}),
                     parent, "overdue " + what, span_kind_internal, owed.armed_at(),
                     std::max(owed.deadline(), picture_.flow().watermark()));
    json["attributes"] = Json::array(
        {text_attribute("reel.definition", owed.definition()), text_attribute("reel.after", owed.after()),
         text_attribute("reel.missing", what), text_attribute("reel.owner", owed.owner()),
         text_attribute("messaging.message.conversation_id", picture_.flow().summary().correlationid())});
    json["status"] = {{"code", status_error}, {"message", what + " has not come in time"}};
    return json;
  }

  const FlowPicture& picture_;
  const Sink& out_;
  std::string trace_;
  std::string caller_;  // the span that the traceparent names; empty without one
  std::map<Resource, std::vector<SpanPlace>> spans_;
};

}  // namespace

std::string trace_id_of(const std::string& traceparent, const std::string& correlationid) {
  if (std::string trace = taken_apart(traceparent).first; !trace.empty()) return trace;
  std::string digits = correlationid;
  std::transform(digits.begin(), digits.end(), digits.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
  const bool uuid = digits.size() == uuid_text_bytes && digits[8] == '-' && digits[13] == '-' &&
                    digits[18] == '-' && digits[23] == '-';
  if (uuid) std::erase(digits, '-');
  if (digits.size() == 32 && is_hex(digits) && !all_zero(digits)) return digits;
  const Hash128 hash = hash_128({"trace", correlationid});
  return hex(hash.high) + hex(hash.low == 0 ? 1 : hash.low);
}

void write_otlp_items(const FlowPicture& picture, const Sink& out) {
  OtlpWriter{picture, out}.run();
}

void write_otlp(const FlowPicture& picture, const Sink& out) {
  out(otlp_begin);
  write_otlp_items(picture, out);
  out(otlp_end);
}

}  // namespace reel::story
