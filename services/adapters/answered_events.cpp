#include "adapters/answered_events.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <utility>

namespace reel::adapters {
namespace {

constexpr std::string_view blanks = " \t\r\n";

bool is_blank(std::string_view text) {
  return text.find_first_not_of(blanks) == std::string_view::npos;
}

// "application/cloudevents+json" of "Application/CloudEvents+JSON; charset=utf-8".
std::string media_type_of(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  while (!content_type.empty() && blanks.find(content_type.back()) != blanks.npos)
    content_type.remove_suffix(1);
  std::string type{content_type};
  std::transform(type.begin(), type.end(), type.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return type;
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
  const auto batch = nlohmann::json::parse(body, nullptr, false);
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
  const auto type = media_type_of(content_type);
  AnsweredEvents answered;
  if (type == "application/cloudevents+json") (void)add(answered, json.read(body), "");
  if (type == "application/cloudevents-batch+json") return events_of_batch(json, body);
  return answered;
}

}  // namespace reel::adapters
