#include "rehearsal/history_event.h"

#include <algorithm>

#include "event/envelope_check.h"
#include "event/quoted_text.h"
#include "event/rfc3339.h"
#include "event/subflow.h"
#include "event/topic.h"
#include "rehearsal/json_object.h"

namespace reel::rehearsal {
namespace {

enum Attribute : std::size_t {
  type,
  id,
  source,
  correlationid,
  causationid,
  time,
  recordedtime,
  subject,
  partitionkey,
  parentcorrelationid,
  dataschema,
  datacontenttype,
  traceparent,
  tracestate,
  delivertime,
  expirytime
};

constexpr std::array<std::string_view, EventLine::attributes> attribute_names{
    "type",         "id",         "source",       "correlationid",  "causationid", "time",
    "recordedtime", "subject",    "partitionkey", parent_attribute, "dataschema",  "datacontenttype",
    "traceparent",  "tracestate", "delivertime",  "expirytime"};
/// Each is kept for as long as its flow is, or longer, so the limits are the bus's.
constexpr std::array<std::size_t, EventLine::attributes> bytes_max{
    topic_bytes_max,       id_bytes_max,         id_bytes_max, id_bytes_max,
    id_bytes_max,          id_bytes_max,         id_bytes_max, subject_bytes_max,
    id_bytes_max,          id_bytes_max,         id_bytes_max, datacontenttype_bytes_max,
    traceparent_bytes_max, tracestate_bytes_max, id_bytes_max, id_bytes_max};

std::size_t attribute_of(std::string_view key) {
  const auto found = std::find(attribute_names.begin(), attribute_names.end(), key);
  return static_cast<std::size_t>(found - attribute_names.begin());
}

// What Reel writes beside the attributes, and what says nothing.
bool is_no_attribute(std::string_view key) {
  return key == "specversion" || key == "reeloffset" || key == "data_base64";
}

bool is_json(std::string_view content_type) {
  content_type = content_type.substr(0, content_type.find(';'));
  return content_type == "application/json" || content_type.ends_with("+json");
}

}  // namespace

std::optional<std::string> EventLine::read(std::string_view text, HistoryEvent& event) {
  given_ = {};
  further_.clear();
  event.data = {};
  event.attributes.clear();
  event.replayed = false;
  JsonObject object{text};
  while (const auto member = object.next()) {
    if (member->key == "data") {
      event.data = member->value;
      continue;
    }
    if (member->is_null() || is_no_attribute(member->key)) continue;
    if (member->key == "reelreplayed") {
      event.replayed = member->value == "true";
      continue;
    }
    const std::size_t attribute = attribute_of(member->key);
    if (attribute == attribute_names.size()) {
      take_further(member->key, member->value, event);
      continue;
    }
    if (!given_[attribute].empty()) return "the key " + in_quotes(member->key) + " stands twice";
    if (!member->is_string()) return in_quotes(member->key) + " is not a text";
    if (auto wrong = take(attribute, member->value)) return wrong;
  }
  if (!object.error().empty()) return object.error();

  if (given_[type].empty()) return "has no 'type'";
  const std::size_t clock = given_[recordedtime].empty() ? time : recordedtime;
  if (given_[clock].empty()) return "has no 'time'";
  const auto log_time = parse_rfc3339(given_[clock]);
  if (!log_time)
    return in_quotes(attribute_names[clock]) + " is " + in_quotes(given_[clock]) +
           ", which is no RFC 3339 time";
  event.log_time = *log_time;
  event.topic = given_[type];
  event.id = given_[id];
  event.source = given_[source];
  event.correlationid = given_[correlationid];
  event.causationid = given_[causationid];
  event.subject = given_[subject];
  event.partitionkey = given_[partitionkey];
  event.parent = given_[parentcorrelationid];
  if (!event.parent.empty()) event.attributes.push_back({parent_attribute, event.parent});
  event.time = parse_rfc3339(given_[time]).value_or(0);
  event.dataschema = given_[dataschema];
  // On the bus a payload is protobuf, which is what nothing means there.
  event.datacontenttype = is_json(given_[datacontenttype]) ? std::string_view{} : given_[datacontenttype];
  event.traceparent = given_[traceparent];
  event.tracestate = given_[tracestate];
  event.delivertime = parse_rfc3339(given_[delivertime]).value_or(0);
  event.expirytime = parse_rfc3339(given_[expirytime]).value_or(0);
  return std::nullopt;
}

// In the form in which the bus has it. What is no attribute there, or one too many, is left out.
void EventLine::take_further(std::string_view name, std::string_view written, HistoryEvent& event) {
  const bool is_value = written.front() != '{' && written.front() != '[';
  if (!is_value || event.attributes.size() == attributes_max || check_attribute_name(name)) return;
  std::string& kept = further_.emplace_back(written);
  if (written.front() == '"') {
    std::string storage;
    kept = unescaped(written.substr(1, written.size() - 2), storage);
  }
  event.attributes.push_back({name, kept});
}

std::optional<std::string> EventLine::take(std::size_t attribute, std::string_view value) {
  given_[attribute] = unescaped(value.substr(1, value.size() - 2), storage_[attribute]);
  const std::size_t bytes = given_[attribute].size();
  if (bytes <= bytes_max[attribute]) return std::nullopt;
  return in_quotes(attribute_names[attribute]) + " is " + std::to_string(bytes) + " bytes long, at most " +
         std::to_string(bytes_max[attribute]) + " are allowed";
}

}  // namespace reel::rehearsal
