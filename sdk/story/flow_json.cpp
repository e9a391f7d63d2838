#include "story/flow_json.h"

#include "event/rfc3339.h"
#include "story/flow_words.h"

namespace reel::story {
namespace {

template <class Strings>
Json list(const Strings& strings) {
  Json array = Json::array();
  for (const auto& text : strings) array.push_back(text);
  return array;
}

std::uint64_t milliseconds_between(std::uint64_t earlier, std::uint64_t later) {
  return later > earlier ? (later - earlier) / 1'000'000 : 0;
}

}  // namespace

Json summary_json(const v1::FlowSummary& summary, std::uint64_t watermark) {
  Json overdue = Json::array();
  for (const auto& expectation : summary.overdue())
    overdue.push_back(expectation_json(expectation, watermark));
  Json json{{"correlationid", summary.correlationid()},
            {"state", state_text(summary.state())},
            {"definitions", list(summary.definitions())},
            {"events", summary.events()},
            {"first_topic", summary.first_topic()},
            {"last_topic", summary.last_topic()},
            {"started_at", rfc3339(summary.started_at())},
            {"last_at", rfc3339(summary.last_at())},
            {"overdue", std::move(overdue)},
            {"ends", list(summary.ends())}};
  if (!summary.parent().empty()) json["parent"] = summary.parent();
  return json;
}

Json step_json(const v1::FlowStep& step) {
  Json json{{"reeloffset", step.offset()},
            {"recordedtime", rfc3339(step.recordedtime())},
            {"id", step.id()},
            {"type", step.topic()},
            {"source", step.source()},
            {"time", rfc3339(step.time())}};
  if (!step.causationid().empty()) json["causationid"] = step.causationid();
  if (step.low_importance()) json["low_importance"] = true;
  if (step.has_part())
    json["part"] = {{"correlationid", step.id()}, {"state", state_text(step.part().state())}};
  return json;
}

Json expectation_json(const v1::Expectation& expectation, std::uint64_t watermark) {
  Json json{{"verdict", verdict_text(expectation.verdict())},
            {"definition", expectation.definition()},
            {"after", expectation.after()},
            {"expected", list(expectation.expected())},
            {"any_of", expectation.any_of()},
            {"missing", list(expectation.missing())},
            {"owner", expectation.owner()},
            {"armed_at", rfc3339(expectation.armed_at())}};
  if (expectation.deadline() != 0) json["deadline"] = rfc3339(expectation.deadline());
  if (expectation.settled_at() != 0) json["settled_at"] = rfc3339(expectation.settled_at());
  if (expectation.verdict() == v1::VERDICT_OVERDUE) {
    json["late_ms"] = milliseconds_between(expectation.deadline(), watermark);
  }
  if (expectation.verdict() == v1::VERDICT_MET_LATE) {
    json["late_ms"] = milliseconds_between(expectation.deadline(), expectation.settled_at());
  }
  if (expectation.verdict() == v1::VERDICT_WAITING && expectation.deadline() != 0) {
    json["left_ms"] = milliseconds_between(watermark, expectation.deadline());
  }
  if (!expectation.after_id().empty()) json["after_id"] = expectation.after_id();
  if (expectation.impossible()) json["impossible"] = true;
  if (expectation.never()) json["never"] = true;
  if (expectation.at_most() != 0) json["at_most"] = expectation.at_most();
  if (expectation.not_before() != 0) json["not_before_ms"] = expectation.not_before() / 1'000'000;
  if (expectation.needed() != 0) json["needed"] = expectation.needed();
  if (expectation.needed() != 0 || expectation.at_most() != 0) json["seen"] = expectation.seen();
  if (!expectation.missing_items().empty()) json["missing_items"] = list(expectation.missing_items());
  if (!expectation.severity().empty()) json["severity"] = expectation.severity();
  if (!expectation.runbook().empty()) json["runbook"] = expectation.runbook();
  return json;
}

Json flow_json(const v1::FlowReply& flow) {
  Json json = summary_json(flow.summary(), flow.watermark());
  json["watermark"] = rfc3339(flow.watermark());
  json["steps"] = Json::array();
  for (const auto& step : flow.steps()) json["steps"].push_back(step_json(step));
  json["expectations"] = Json::array();
  for (const auto& expectation : flow.expectations()) {
    json["expectations"].push_back(expectation_json(expectation, flow.watermark()));
  }
  return json;
}

std::string line_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace reel::story
