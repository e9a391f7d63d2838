#include "tracker/judge.h"

namespace reel::tracker {

void Judge::see(Flow& flow, std::span<const Role> roles, const Step& step) {
  for (const Role& role : roles) {
    Instance* instance = flow.instance_of(role.definition);
    if (!instance) instance = begin(flow, role, step);
    if (!instance) continue;
    const bool can_end = !definitions_[role.definition].ends.empty();

    // First what was owed, then what is owed anew: an event never meets what it arms itself.
    for (const Role::Met& met : role.meets) meet(flow, *instance, met, step);
    if (instance->state == v1::FLOW_STATE_COMPLETED && can_end) continue;
    if (role.ends) {
      cancel_waiting(flow, *instance, step);
      instance->ended_by = step.topic;
      complete(flow, *instance, step);
      continue;
    }
    for (const std::uint16_t rule : role.arms) {
      if (!step.replayed) arm(flow, *instance, rule, step);
    }
    if (!can_end && instance->open_claims == 0 && instance->state != v1::FLOW_STATE_COMPLETED) {
      complete(flow, *instance, step);
    }
  }
}

// The flow becomes one of the role's definition, unless the definition is an old version or the flow is
// already judged by another version of it.
Instance* Judge::begin(Flow& flow, const Role& role, const Step& step) {
  const Definition& definition = definitions_[role.definition];
  if (!role.begins || definition.retired || step.replayed) return nullptr;
  for (const Instance& other : flow.instances) {
    if (definitions_[other.definition].name == definition.name) return nullptr;
  }
  Instance& instance = flow.add_instance(role.definition, definition.rules.size());
  instance.started_at = step.log_time;
  if (definition.has_whole_flow()) arm(flow, instance, definition.whole_flow(), step);
  return &instance;
}

void Judge::arm(Flow& flow, Instance& instance, std::uint16_t rule, const Step& step) {
  const Definition& definition = definitions_[instance.definition];
  if (instance.state == v1::FLOW_STATE_COMPLETED) {  // without an end: it begins again
    instance.state = v1::FLOW_STATE_OPEN;
    instance.started_at = step.log_time;
    instance.met_late = 0;
    if (definition.has_whole_flow()) arm(flow, instance, definition.whole_flow(), step);
  }
  Claim& claim = flow.claims.emplace_back();
  claim.instance = static_cast<std::uint16_t>(&instance - flow.instances.data());
  claim.rule = rule;
  claim.after_step = step.number;
  claim.armed_at = step.log_time;
  claim.deadline = step.log_time + definition.rules[rule].within;
  if (rule != definition.whole_flow()) ++instance.open_claims;
  flow.enqueue(static_cast<ClaimIndex>(flow.claims.size() - 1));
}

void Judge::meet(Flow& flow, Instance& instance, const Role::Met& met, const Step& step) {
  const Rule& rule = definitions_[instance.definition].rules[met.rule];
  ClaimQueue& queue = flow.queues[instance.first_queue + met.rule];
  if (!rule.any_of) {
    // Whatever a claim has seen, the older ones have seen too: the first that knows this topic ends the walk.
    for (ClaimIndex at = queue.newest; at != no_claim; at = flow.claims[at].older) {
      if (flow.claims[at].seen & met.bit) break;
      flow.claims[at].seen |= met.bit;
    }
  }
  while (queue.oldest != no_claim) {
    Claim& claim = flow.claims[queue.oldest];
    if (!rule.any_of && claim.seen != rule.all_seen()) return;
    settle(flow, instance, claim, step);
  }
}

// The oldest open claim of its queue is met by `step`, in time or late.
void Judge::settle(Flow& flow, Instance& instance, Claim& claim, const Step& step) {
  ClaimQueue& queue = flow.queue_of(claim);
  if (queue.waiting == queue.oldest) queue.waiting = claim.newer;
  queue.oldest = claim.newer;
  (queue.oldest == no_claim ? queue.newest : flow.claims[queue.oldest].older) = no_claim;
  claim.older = claim.newer = no_claim;

  claim.settled_at = step.log_time;
  if (claim.rule != definitions_[instance.definition].whole_flow()) --instance.open_claims;
  if (claim.verdict == v1::VERDICT_WAITING) {
    claim.verdict = v1::VERDICT_MET;
    return;
  }
  claim.verdict = v1::VERDICT_MET_LATE;
  --instance.overdue;
  ++instance.met_late;
  if (instance.overdue == 0 && instance.state == v1::FLOW_STATE_OVERDUE) {
    instance.state = v1::FLOW_STATE_OPEN;
  }
  Judgement& verdict = verdicts_.emplace_back(about(flow, claim, Judgement::Kind::resolved));
  verdict.by_id = text_of(step.id);
  verdict.by_topic = step.topic;
  verdict.at = step.log_time;
}

// A terminal event: nothing of what still waits is owed any more. What is overdue already stays so, and may
// still be resolved.
void Judge::cancel_waiting(Flow& flow, Instance& instance, const Step& step) {
  const Definition& definition = definitions_[instance.definition];
  for (std::uint16_t rule = 0; rule != definition.whole_flow(); ++rule) {
    ClaimQueue& queue = flow.queues[instance.first_queue + rule];
    if (queue.waiting == no_claim) continue;
    const ClaimIndex last_overdue = flow.claims[queue.waiting].older;
    for (ClaimIndex at = queue.waiting; at != no_claim;) {
      Claim& claim = flow.claims[at];
      claim.verdict = v1::VERDICT_CANCELLED;
      claim.settled_at = step.log_time;
      --instance.open_claims;
      at = claim.newer;
      claim.older = claim.newer = no_claim;
    }
    queue.waiting = no_claim;
    queue.newest = last_overdue;
    (last_overdue == no_claim ? queue.oldest : flow.claims[last_overdue].newer) = no_claim;
  }
}

void Judge::complete(Flow& flow, Instance& instance, const Step& step) {
  const ClaimQueue& whole =
      flow.queues[instance.first_queue + definitions_[instance.definition].whole_flow()];
  if (whole.oldest != no_claim) settle(flow, instance, flow.claims[whole.oldest], step);
  instance.state = v1::FLOW_STATE_COMPLETED;
  ++instance.completions;

  Judgement& verdict = verdicts_.emplace_back();
  verdict.kind = Judgement::Kind::completed;
  verdict.definition = instance.definition;
  verdict.correlation = text_of(flow.correlation);
  verdict.by_id = text_of(step.id);
  verdict.by_topic = instance.ended_by;
  verdict.armed_at = instance.started_at;
  verdict.at = step.log_time;
  verdict.ordinal = instance.completions;
  verdict.overdue = instance.overdue;
  verdict.met_late = instance.met_late;
}

void Judge::fall_due(Flow& flow, std::uint64_t upto, bool detected_late) {
  for (;;) {
    ClaimQueue* first = nullptr;
    for (ClaimQueue& queue : flow.queues) {
      if (queue.waiting == no_claim || flow.claims[queue.waiting].deadline > upto) continue;
      if (!first || flow.claims[queue.waiting].deadline < flow.claims[first->waiting].deadline)
        first = &queue;
    }
    if (!first) return;
    Claim& claim = flow.claims[first->waiting];
    first->waiting = claim.newer;
    claim.verdict = v1::VERDICT_OVERDUE;
    claim.detected_late = detected_late;
    Instance& instance = flow.instances[claim.instance];
    ++instance.overdue;
    instance.state = v1::FLOW_STATE_OVERDUE;
    verdicts_.push_back(about(flow, claim, Judgement::Kind::overdue));
  }
}

Judgement Judge::about(const Flow& flow, const Claim& claim, Judgement::Kind kind) const {
  const Step after = flow.steps.at(claim.after_step);
  Judgement verdict;
  verdict.kind = kind;
  verdict.definition = flow.instances[claim.instance].definition;
  verdict.rule = claim.rule;
  verdict.correlation = text_of(flow.correlation);
  verdict.after_id = text_of(after.id);
  verdict.after_offset = after.offset;
  verdict.armed_at = claim.armed_at;
  verdict.deadline = claim.deadline;
  verdict.seen = claim.seen;
  verdict.detected_late = claim.detected_late;
  return verdict;
}

}  // namespace reel::tracker
