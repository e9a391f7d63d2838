#include "story/explanation.h"

#include <spdlog/fmt/fmt.h>

#include "event/batch.h"
#include "event/pattern_begin.h"
#include "event/payload_parser.h"
#include "event/topic.h"

namespace reel::story {
namespace {

/// Judges one event by one pattern after the other.
class Explainer {
 public:
  Explainer(const ExplainedEvent& event, const SchemaSet& schemas)
      : of_{event},
        parser_{schemas},
        event_{read_event(event.bytes).value()},
        judged_{head_, event_, parser_} {}
  Explainer(const Explainer&) = delete;
  Explainer& operator=(const Explainer&) = delete;

  [[nodiscard]] std::optional<Mismatch> by(const std::string& pattern, const std::string& when) {
    if (!matches(pattern, of_.topic))
      return Mismatch{.path = "type", .expected = pattern, .actual = of_.topic};
    if (when.empty()) return std::nullopt;
    const auto compiled = EventPattern::compile(when);
    if (compiled.pattern) return compiled.pattern->explain(judged_);
    return Mismatch{.path = "when", .expected = "a pattern", .actual = compiled.error.text()};
  }

  [[nodiscard]] std::optional<Mismatch> by(const v1::Pattern& subscription) {
    if (auto mismatch = by(subscription.pattern(), subscription.when())) return mismatch;
    const std::uint64_t begin = begin_of(subscription, of_.topic);
    if (!of_.offset || *of_.offset >= begin) return std::nullopt;
    return Mismatch{
        .path = "reeloffset", .expected = fmt::format(">= {}", begin), .actual = std::to_string(*of_.offset)};
  }

 private:
  const ExplainedEvent& of_;
  PayloadParser parser_;
  RunHead head_{.source = of_.source, .topic = of_.topic, .dataschema = of_.dataschema};
  EventView event_;
  JudgedEvent judged_;
};

}  // namespace

std::vector<Verdict> explain(const ExplainedEvent& event, const SchemaSet& schemas,
                             const v1::RoutesReply& routes, const v1::ServicesReply& services) {
  Explainer explainer{event, schemas};
  std::vector<Verdict> all;
  for (const auto& route : routes.routes()) {
    all.push_back(
        {"route", route.to(), route.from(), route.when(), explainer.by(route.from(), route.when())});
  }
  for (const auto& service : services.services()) {
    if (service.ephemeral() || service.service().starts_with("reel.")) continue;
    for (const v1::Pattern& each : service.filters())
      all.push_back({"service", service.service(), each.pattern(), each.when(), explainer.by(each)});
  }
  return all;
}

Json verdict_json(const Verdict& verdict) {
  Json json{{"kind", verdict.kind}, {"name", verdict.name}, {"pattern", verdict.pattern}};
  if (!verdict.when.empty()) json["when"] = verdict.when;
  json["matched"] = !verdict.mismatch;
  if (!verdict.mismatch) return json;
  json["path"] = verdict.mismatch->path;
  json["expected"] = verdict.mismatch->expected;
  json["actual"] = verdict.mismatch->actual;
  if (verdict.mismatch->combinations > 1) json["combinations"] = verdict.mismatch->combinations;
  return json;
}

}  // namespace reel::story
