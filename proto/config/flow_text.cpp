#include "config/flow_text.h"

#include <nlohmann/json.hpp>

namespace reel::config {
namespace {

using nlohmann::json;

// What was not said is not written, so that a language with more words gives old definitions the same text.
template <typename T>
void put(json& to, const char* key, const T& value, const T& unsaid = {}) {
  if (value != unsaid) to[key] = value;
}
void put_span(json& to, const char* key, milliseconds span) {
  put(to, key, static_cast<std::int64_t>(span.count()), std::int64_t{0});
}
template <typename T>
void get(const json& from, const char* key, T& value) {
  if (const auto found = from.find(key); found != from.end()) value = found->get<T>();
}
void get_span(const json& from, const char* key, milliseconds& span) {
  if (const auto found = from.find(key); found != from.end()) span = milliseconds{found->get<std::int64_t>()};
}

json judged_part(const Expectation& from) {
  json to = json::object();
  put(to, "after", from.after);
  put(to, "any_of", from.any_of);
  put(to, "all_of", from.all_of);
  put(to, "never", from.never);
  put(to, "when", from.when);
  for (const auto& one : from.where) {
    to["where"].push_back({one.field, static_cast<int>(one.how), one.after_field});
  }
  if (from.each) to["each"] = {from.each->item, from.each->matches};
  put(to, "at_least", from.at_least);
  put(to, "at_most", from.at_most);
  put_span(to, "not_before", from.not_before);
  put(to, "until", from.until);
  put_span(to, "within", from.within);
  put(to, "from_start", from.from_start);
  put(to, "by", from.by);
  put(to, "extended_by", from.extended_by);
  put_span(to, "every", from.every);
  put(to, "per", from.per);
  put(to, "warn_at", from.warn_at);
  return to;
}

json json_of(const Expectation& from) {
  json to = judged_part(from);
  put(to, "severity", static_cast<int>(from.severity));
  put(to, "owner", from.owner);
  put(to, "runbook", from.runbook);
  return to;
}

Expectation expectation_of(const json& from) {
  Expectation to;
  get(from, "after", to.after);
  get(from, "any_of", to.any_of);
  get(from, "all_of", to.all_of);
  get(from, "never", to.never);
  get(from, "when", to.when);
  for (const auto& one : from.value("where", json::array())) {
    to.where.push_back({one.at(0), static_cast<Comparison>(one.at(1).get<int>()), one.at(2)});
  }
  if (from.contains("each")) to.each = Each{from["each"].at(0), from["each"].at(1)};
  get(from, "at_least", to.at_least);
  get(from, "at_most", to.at_most);
  get_span(from, "not_before", to.not_before);
  get(from, "until", to.until);
  get_span(from, "within", to.within);
  get(from, "from_start", to.from_start);
  get(from, "by", to.by);
  get(from, "extended_by", to.extended_by);
  get_span(from, "every", to.every);
  get(from, "per", to.per);
  get(from, "warn_at", to.warn_at);
  to.severity = static_cast<Severity>(from.value("severity", 0));
  get(from, "owner", to.owner);
  get(from, "runbook", to.runbook);
  return to;
}

}  // namespace

std::string text_of(const Flow& from) {
  json to = json::object();
  put(to, "start", from.start);
  put(to, "when", from.when);
  for (const auto& expectation : from.expect) to["expect"].push_back(json_of(expectation));
  put(to, "end", from.end);
  if (from.within) put_span(to, "within", *from.within);
  put(to, "on_overdue", from.on_overdue_publish);
  put(to, "correlate_by", from.correlate_by);
  put(to, "warn_at", from.warn_at);
  put(to, "severity", static_cast<int>(from.severity));
  put(to, "owner", from.owner);
  put(to, "runbook", from.runbook);
  return to.dump();
}

Flow flow_of(const std::string& text) try {
  const json from = json::parse(text);
  Flow to;
  get(from, "start", to.start);
  get(from, "when", to.when);
  for (const auto& expectation : from.value("expect", json::array()))
    to.expect.push_back(expectation_of(expectation));
  get(from, "end", to.end);
  if (from.contains("within")) get_span(from, "within", to.within.emplace());
  get(from, "on_overdue", to.on_overdue_publish);
  get(from, "correlate_by", to.correlate_by);
  get(from, "warn_at", to.warn_at);
  to.severity = static_cast<Severity>(from.value("severity", 0));
  get(from, "owner", to.owner);
  get(from, "runbook", to.runbook);
  return to;
} catch (const json::exception& error) {
  throw FlowTextError{std::string{"this is no flow definition as it is kept: "} + error.what()};
}

std::string identity_of(const Expectation& expectation) {
  return judged_part(expectation).dump();
}

}  // namespace reel::config
