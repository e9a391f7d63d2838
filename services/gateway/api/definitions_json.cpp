#include "gateway/api/definitions_json.h"

#include <array>
#include <string_view>

#include "config/model.h"
#include "gateway/api/call.h"
#include "gateway/api/json.h"

namespace reel::gateway {
namespace {

using std::chrono::milliseconds;

Json not_zero(milliseconds time) {
  return time == milliseconds{0} ? Json(nullptr) : Json(time.count());
}

/// A pattern stands in the configuration as JSON.
Json pattern_json(const std::string& pattern) {
  return pattern.empty() ? Json(nullptr) : Json::parse(pattern);
}

std::string_view severity_word(config::Severity severity) {
  static constexpr std::array<std::string_view, 4> words{"", "info", "warning", "critical"};
  return words[static_cast<std::size_t>(severity)];
}

std::string_view comparison_sign(config::Comparison comparison) {
  static constexpr std::array<std::string_view, 6> signs{"=", "!=", "<", "<=", ">", ">="};
  return signs[static_cast<std::size_t>(comparison)];
}

Json where_json(const std::vector<config::Where>& where) {
  Json all = Json::array();
  for (const config::Where& each : where) {
    all.push_back({{"field", each.field},
                   {"comparison", comparison_sign(each.how)},
                   {"after_field", each.after_field}});
  }
  return all;
}

Json expectation_json(const config::Expectation& expectation) {
  Json each = nullptr;
  if (expectation.each) each = {{"item", expectation.each->item}, {"matches", expectation.each->matches}};
  return {{"after", expectation.after},
          {"any_of", expectation.any_of},
          {"all_of", expectation.all_of},
          {"never", expectation.never},
          {"when", pattern_json(expectation.when)},
          {"where", where_json(expectation.where)},
          {"each", std::move(each)},
          {"at_least", expectation.at_least},
          {"at_most", expectation.at_most},
          {"not_before_ms", not_zero(expectation.not_before)},
          {"until", expectation.until},
          {"within_ms", not_zero(expectation.within)},
          {"from_start", expectation.from_start},
          {"by", expectation.by},
          {"extended_by", expectation.extended_by},
          {"every_ms", not_zero(expectation.every)},
          {"per", expectation.per},
          {"warn_at", expectation.warn_at},
          {"severity", severity_word(expectation.severity)},
          {"owner", expectation.owner},
          {"runbook", expectation.runbook}};
}

Json definition_json(const std::string& name, const config::Flow& flow) {
  Json expectations = Json::array();
  for (const config::Expectation& expectation : flow.expect)
    expectations.push_back(expectation_json(expectation));
  return {{"name", name},
          {"start", flow.start},
          {"when", pattern_json(flow.when)},
          {"end", flow.end},
          {"within_ms", flow.within ? Json(flow.within->count()) : Json(nullptr)},
          {"warn_at", flow.warn_at},
          {"severity", severity_word(flow.severity)},
          {"owner", flow.owner},
          {"runbook", flow.runbook},
          {"on_overdue_publish", flow.on_overdue_publish},
          {"correlate_by", flow.correlate_by},
          {"expectations", std::move(expectations)}};
}

}  // namespace

std::string definitions_json(const config::Model& model) {
  Json definitions = Json::array();
  for (const auto& [name, flow] : model.flows) definitions.push_back(definition_json(name, flow));
  const Json all{{"digest", model.digest}, {"definitions", std::move(definitions)}};
  return all.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string answer_definitions(const Call& call) {
  return definitions_json(call.model);
}

}  // namespace reel::gateway
