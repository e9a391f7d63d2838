#include "tracker/answers.h"

#include <algorithm>

#include "event/subflow.h"
#include "tracker/verdict.h"

namespace reel::tracker {
void Answers::tell(const v1::FlowRequest& ask, std::uint64_t watermark, v1::Reply& reply) {
  const Flow* const found = reading_.read(packed_id(ask.correlationid()), watermark);
  if (!found) {
    reply.set_error("no flow has the correlation id '" + ask.correlationid() + "'");
    return;
  }
  const Flow& flow = *found;
  auto& page = *reply.mutable_flow();
  page.set_watermark(watermark);
  summarize(flow, *page.mutable_summary());

  const std::uint32_t rows = page_size(ask.limit(), page_steps_default, page_steps_max);
  std::size_t parts = 0;
  for (std::size_t i = flow.steps.chunk_before(ask.after()); i < flow.steps.chunks(); ++i) {
    StepReader reader{flow.steps.chunk(i)};
    while (const auto step = reader.next()) {
      if (step->offset <= ask.after()) continue;
      if (page.steps_size() == static_cast<int>(rows)) {
        page.set_next(page.steps(page.steps_size() - 1).offset());
        break;
      }
      auto& row = *page.add_steps();
      row.set_offset(step->offset);
      row.set_recordedtime(step->log_time);
      row.set_id(text_of(step->id));
      if (!step->causation.empty()) row.set_causationid(text_of(step->causation));
      row.set_topic(text(step->topic));
      row.set_source(text(step->source));
      row.set_time(step->time);
      if (!is_subflow_name(row.topic()) || parts == page_parts_max) continue;
      if (auto part = summary_of(step->id, watermark)) *row.mutable_part() = *std::move(part), ++parts;
    }
    if (page.next() != 0) break;
  }
  StepCursor steps{flow.steps};
  const std::size_t count = flow.claims.size();
  for (std::size_t i = count - std::min(count, page_expectations_max); i < count; ++i) {
    describe(flow, flow.claims[i], steps, *page.add_expectations());
  }
}

std::optional<v1::FlowSummary> Answers::summary_of(std::string_view correlation, std::uint64_t watermark) {
  const Flow* const flow = parts_.read(correlation, watermark);
  if (!flow) return std::nullopt;
  v1::FlowSummary summary;
  summarize(*flow, summary);
  return summary;
}

void Answers::summarize(const Flow& flow, v1::FlowSummary& to) const {
  to.set_correlationid(text_of(flow.correlation));
  to.set_state(flow.state());
  if (!flow.parent.empty()) to.set_parent(text_of(flow.parent));
  for (const Instance& instance : flow.instances) {
    const std::string& name = definitions_[instance.definition].name;
    const auto& named = to.definitions();  // two versions of one are one
    if (std::find(named.begin(), named.end(), name) == named.end()) to.add_definitions(name);
    if (instance.ended_by != 0) to.add_ends(text(instance.ended_by));
  }
  to.set_first_topic(text(flow.first_topic));
  to.set_last_topic(text(flow.last_topic));
  to.set_started_at(flow.started_at);
  to.set_last_at(flow.last_at);
  to.set_events(flow.steps.count());
  StepCursor steps{flow.steps};
  for (const Claim& claim : flow.claims) {
    if (claim.verdict != v1::VERDICT_OVERDUE) continue;
    if (to.overdue_size() == static_cast<int>(page_expectations_max)) break;
    describe(flow, claim, steps, *to.add_overdue());
  }
}

void Answers::describe(const Flow& flow, const Claim& claim, v1::Expectation& to) const {
  StepCursor steps{flow.steps};
  describe(flow, claim, steps, to);
}

void Answers::describe(const Flow& flow, const Claim& claim, StepCursor& steps, v1::Expectation& to) const {
  const Definition& definition = definitions_[flow.instances[claim.instance].definition];
  const Rule& rule = definition.rules[claim.rule];
  const Step& after = steps.at(claim.after_step);
  to.set_definition(definition.name);
  to.set_after(text(rule.after));
  for (const Name topic : rule.expected) to.add_expected(text(topic));
  to.set_any_of(rule.any_of);
  const bool came = claim.verdict == v1::VERDICT_MET || claim.verdict == v1::VERDICT_MET_LATE ||
                    claim.verdict == v1::VERDICT_BROKEN || rule.has_enough(claim.seen);
  if (!came) {
    for (auto& topic : missing_of(rule, claim.seen, names_)) to.add_missing(std::move(topic));
  }
  to.set_owner(rule.owner);
  to.set_verdict(claim.verdict);
  to.set_armed_at(claim.armed_at);
  if (claim.deadline != no_deadline) to.set_deadline(claim.deadline);
  to.set_settled_at(claim.settled_at);
  to.set_after_id(text_of(after.id));
  to.set_after_offset(after.offset);
  to.set_detected_late(claim.detected_late);
  to.set_impossible(claim.impossible && claim.open());
  to.set_never(rule.never);
  if (rule.most != Rule::no_limit) to.set_at_most(rule.most);
  to.set_not_before(rule.not_before);
  to.set_severity(rule.severity);
  to.set_runbook(rule.runbook);
  auto items = items_of(rule, claim.values, told_items_max);
  const bool counts = rule.needed > 1 || rule.most != Rule::no_limit;
  to.set_needed(rule.each ? items.total : counts ? rule.needed : 0);
  if (to.needed() != 0 || to.at_most() != 0) to.set_seen(claim.seen);
  for (auto& item : items.missing) to.add_missing_items(std::move(item));
}

}  // namespace reel::tracker
