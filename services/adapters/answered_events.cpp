#include "adapters/answered_events.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "event/media_type.h"
#include "event/quoted_text.h"
#include "event/strict_json.h"

namespace reel::adapters {
namespace {

constexpr std::string_view blanks = " \t\r\n";

bool is_blank(std::string_view text) {
  return text.find_first_not_of(blanks) == std::string_view::npos;
}

std::string too_many() {
  return "more than " + std::to_string(answered_events_max) + " events";
}

// False where it is no event, or one too many; `where` names it.
bool add(AnsweredEvents& answered, ReadDraft read, const std::string& where) {
  if (!read.event) {
    answered.error = where + read.error;
  } else if (answered.events.size() == answered_events_max) {
    answered.error = too_many();
  } else {
    answered.events.push_back(*std::move(read.event));
    return true;
  }
  answered.events.clear();
  return false;
}

AnsweredEvents events_of_batch(const EventJson& json, std::string_view body) {
  AnsweredEvents answered;
  nlohmann::json batch;
  // A batch's brackets are one more.
  const JsonLimits limits{.bytes_max = body.size(), .depth_max = event_json_depth_max + 1};
  if (auto wrong = read_strict_json(body, limits, batch)) {
    answered.error = "the batch: " + *wrong;
    return answered;
  }
  if (!batch.is_array()) {
    answered.error = "the batch is no JSON array";
    return answered;
  }
  if (batch.size() > answered_events_max) {
    answered.error = too_many();
    return answered;
  }
  std::size_t which = 0;
  for (const auto& event : batch) {
    if (!add(answered, json.read_parsed(event), "event " + std::to_string(++which) + ": ")) break;
  }
  return answered;
}

}  // namespace

AnsweredEvents events_of_lines(const EventJson& json, std::string_view text) {
  AnsweredEvents answered;
  for (std::size_t which = 1; !text.empty(); ++which) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (!is_blank(line) && !add(answered, json.read(line), "line " + std::to_string(which) + ": ")) break;
  }
  return answered;
}

AnsweredEvents events_of_body(const EventJson& json, std::string_view content_type, std::string_view body) {
  const auto type = parse_media_type(content_type);
  const std::string name = type ? type->name : "";
  const bool batch = name == "application/cloudevents-batch+json";
  AnsweredEvents answered;
  if (!batch && name != "application/cloudevents+json") return answered;
  if (!type->is_utf8()) {
    answered.error = in_quotes(content_type) + ": only UTF-8 is read";
    return answered;
  }
  if (batch) return events_of_batch(json, body);
  (void)add(answered, json.read(body), "");
  return answered;
}

}  // namespace reel::adapters
