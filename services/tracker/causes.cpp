#include "tracker/causes.h"

#include <algorithm>
#include <memory>
#include <set>

#include "event/subflow.h"

namespace reel::tracker {
namespace {

// Of a whole flow that is not complete the step is at fault that is open: what is overdue, or is next. None:
// what would come next is expected by no rule.
const Claim* open_step(const Flow& flow, const DefinitionSet& definitions, const Claim& whole) {
  const auto& of_whole = definitions[flow.instances[whole.instance].definition];
  const Claim* first = nullptr;
  for (const Claim& claim : flow.claims) {
    const auto& definition = definitions[flow.instances[claim.instance].definition];
    if (!claim.open() || definition.name != of_whole.name || !definition.is_owed(claim.rule)) continue;
    if (definition.rules[claim.rule].has_enough(claim.seen)) continue;
    if (!first || claim.deadline < first->deadline) first = &claim;
  }
  return first;
}

}  // namespace

bool Causes::find(const Flow& flow, const Claim& claim, Time until, Told told) {
  auto facts = std::make_shared<WhyFacts>();
  const auto& definition = definitions_[flow.instances[claim.instance].definition];
  facts->of_whole_flow = claim.rule == definition.whole_flow();
  const Claim* const owed = facts->of_whole_flow ? open_step(flow, definitions_, claim) : &claim;
  answers_.describe(flow, owed ? *owed : claim, facts->expectation);
  facts->correlationid = text_of(flow.correlation);
  const auto topics = topics_of(facts->expectation);
  for (const Name topic : topics) {
    for (auto& service : tracker_.emitters().of(topic)) facts->emitters.push_back(std::move(service));
  }
  facts->part = part_of(flow, topics);
  facts->elsewhere = elsewhere(flow, facts->expectation.after_offset(), topics);

  Inquiry inquiry{.offsets = {},
                  .correlationid = facts->correlationid,
                  .services = would_emit(*facts),
                  .until = until,
                  .told = {}};
  ask_about(flow, owed, inquiry);
  const bool newest_first = owed == nullptr;
  inquiry.told = [this, facts, topics, newest_first, told = std::move(told)](const v1::FatesReply* fates) {
    if (fates == nullptr || fates->events().empty())
      return told(cause_not_known("the broker did not say in time what became of the flow's events"),
                  Outlook::not_known);
    facts->fates = *fates;
    if (newest_first)
      std::reverse(facts->fates.mutable_events()->begin(), facts->fates.mutable_events()->end());
    facts->alike = alike(*facts, topics);
    auto cause = why(*facts);
    const bool hopeless = is_hopeless(*facts, cause.kind());
    told(std::move(cause), hopeless ? Outlook::hopeless : Outlook::open);
  };
  return inquiries_.ask(std::move(inquiry));
}

// The events from the one on that armed what is owed; where nothing is, the flow's last.
void Causes::ask_about(const Flow& flow, const Claim* owed, Inquiry& inquiry) const {
  const std::uint32_t count = flow.steps.count();
  const std::uint32_t last = static_cast<std::uint32_t>(why_events_max);
  const std::uint32_t from = owed ? owed->after_step : count - std::min(count, last);
  StepCursor steps{flow.steps};
  for (std::uint32_t number = from; number < count && inquiry.offsets.size() < why_events_max; ++number) {
    const std::uint64_t offset = steps.at(number).offset;
    if (inquiry.offsets.empty() || inquiry.offsets.back() < offset) inquiry.offsets.push_back(offset);
  }
}

std::vector<Name> Causes::topics_of(const v1::Expectation& expectation) const {
  std::vector<Name> topics;
  for (const auto& topic : expectation.missing()) topics.push_back(names_.find(topic));
  return topics;
}

// The newest sub-flow of these names.
std::optional<v1::FlowSummary> Causes::part_of(const Flow& flow, const std::vector<Name>& topics) const {
  std::string part;
  if (std::none_of(topics.begin(), topics.end(),
                   [&](Name topic) { return is_subflow_name(names_.text(topic)); }))
    return std::nullopt;
  constexpr std::size_t chunks = why_steps_max / steps_per_chunk;
  for (std::size_t i = flow.steps.chunks() - std::min(flow.steps.chunks(), chunks); i < flow.steps.chunks();
       ++i) {
    StepReader reader{flow.steps.chunk(i)};
    while (const auto step = reader.next()) {
      const bool named = std::find(topics.begin(), topics.end(), step->topic) != topics.end();
      if (named && is_subflow_name(names_.text(step->topic))) part = step->id;
    }
  }
  if (part.empty()) return std::nullopt;
  // It began just now and stands in no checkpoint yet; or it is forgotten.
  v1::FlowSummary begun;
  begun.set_correlationid(text_of(part));
  return answers_.summary_of(part, tracker_.watermark()).value_or(std::move(begun));
}

// The ids of the flow's steps are gathered at the first stray of these topics: mostly there is none.
std::optional<Strayed> Causes::elsewhere(const Flow& flow, std::uint64_t after_offset,
                                         const std::vector<Name>& topics) const {
  const std::string correlationid = text_of(flow.correlation);
  std::optional<std::set<std::string_view>> ids;
  const auto caused_here = [&](const Stray& stray) {
    if (!ids) {
      ids.emplace();
      const std::size_t from = flow.steps.chunk_before(after_offset);
      for (std::size_t i = from; i < flow.steps.chunks() && ids->size() < why_steps_max; ++i) {
        StepReader reader{flow.steps.chunk(i)};
        while (const auto step = reader.next()) ids->insert(step->id);
      }
    }
    return ids->contains(packed_id(stray.causationid));
  };
  return strayed(topics, [&](const Stray& one) {
    return one.offset > after_offset && !one.causationid.empty() && one.correlationid != correlationid &&
           caused_here(one);
  });
}

std::optional<Strayed> Causes::alike(const WhyFacts& facts, const std::vector<Name>& topics) const {
  const auto& after = facts.fates.events(0);
  return strayed(topics, [&](const Stray& one) {
    const bool key = !one.key.empty() && one.key == after.partitionkey();
    const bool subject = !one.subject.empty() && one.subject == after.subject();
    return one.offset > after.offset() && (key || subject) && one.correlationid != facts.correlationid;
  });
}

std::optional<Strayed> Causes::strayed(const std::vector<Name>& topics,
                                       const std::function<bool(const Stray&)>& wanted) const {
  const Stray* const stray = tracker_.strays().find([&](const Stray& one) {
    return std::find(topics.begin(), topics.end(), one.topic) != topics.end() && wanted(one);
  });
  return stray == nullptr ? std::nullopt
                          : std::optional{Strayed{*stray, std::string{names_.text(stray->topic)}}};
}

}  // namespace reel::tracker
