#include "tracker/judge.h"

#include <algorithm>
#include <utility>

#include "event/rfc3339.h"

namespace reel::tracker {
namespace {

bool matches(const std::optional<EventPattern>& pattern, JudgedEvent* content) {
  return !pattern || (content && pattern->matches(*content));
}

// The time that stands in A; no_deadline where none does.
std::uint64_t stated_deadline(const Rule& rule, JudgedEvent* content) {
  if (!rule.by || !content) return no_deadline;
  const auto values = rule.by->values(*content, 1);
  return values.empty() ? no_deadline : parse_rfc3339(values.front().text).value_or(no_deadline);
}

}  // namespace

void Judge::see(Flow& flow, std::span<const Role> roles, const Step& step, JudgedEvent* content) {
  for (const Role& role : roles) {
    Instance* instance = flow.instance_of(role.definition);
    if (!instance) instance = begin(flow, role, step, content);
    if (!instance) continue;
    const Definition& definition = definitions_[role.definition];
    const bool can_end = !definition.ends.empty();
    const bool left_behind = newer_of(flow, *instance) != nullptr;

    // First what was owed, then what is owed anew: an event never meets what it arms itself.
    for (const Role::Met& met : role.meets) {
      definition.rules[met.rule].in_order ? meet(flow, *instance, met, step)
                                          : consider(flow, *instance, met, step, content);
    }
    if (left_behind) {
      rest(flow, *instance, step);
      continue;
    }
    if (instance->state == v1::FLOW_STATE_COMPLETED && can_end) continue;
    if (role.ends) {
      end(flow, *instance, step);
      continue;
    }
    for (const std::uint16_t rule : role.arms) {
      if (!step.replayed) arm(flow, *instance, rule, step, content);
    }
    complete_if_nothing_is_owed(flow, *instance, step);
  }
}

void Judge::pulse(Flow& flow, DefinitionIndex definition, const Step& step) {
  Instance* instance = flow.instance_of(definition);
  // Also what was owed under an older version, which nobody waits for any more.
  for (Claim& claim : flow.claims) {
    if (claim.open()) settle(flow, flow.instances[claim.instance], claim, step);
  }
  flow.steps.clear();
  const Instance kept = instance ? *instance : Instance{};
  flow.clear_claims();
  (void)flow.steps.add(step);
  Instance& again = flow.add_instance(definition, definitions_[definition]);
  again.started_at = instance ? kept.started_at : step.log_time;
  again.met_late = kept.met_late;
  again.completions = kept.completions;
  arm(flow, again, 0, step, nullptr);
}

// The flow becomes one of the role's definition, unless the definition is an old version or the flow is
// already judged by another version of it.
Instance* Judge::begin(Flow& flow, const Role& role, const Step& step, JudgedEvent* content) {
  const Definition& definition = definitions_[role.definition];
  if (!role.begins || definition.retired || step.replayed || !matches(definition.when, content))
    return nullptr;
  for (const Instance& other : flow.instances) {
    if (definitions_[other.definition].name == definition.name) return nullptr;
  }
  return &begin(flow, role.definition, step, content);
}

Instance& Judge::begin(Flow& flow, DefinitionIndex index, const Step& step, JudgedEvent* content) {
  const Definition& definition = definitions_[index];
  Instance& instance = flow.add_instance(index, definition);
  instance.started_at = step.log_time;
  if (definition.has_whole_flow()) arm(flow, instance, definition.whole_flow(), step, content);
  return instance;
}

void Judge::arm(Flow& flow, Instance& instance, std::uint16_t number, const Step& step,
                JudgedEvent* content) {
  const Definition& definition = definitions_[instance.definition];
  const Rule& rule = definition.rules[number];
  if (!matches(rule.when, content)) return;
  if (instance.state == v1::FLOW_STATE_COMPLETED) {  // without an end: it begins again
    instance.state = v1::FLOW_STATE_OPEN;
    instance.started_at = step.log_time;
    instance.met_late = 0;
    if (definition.has_whole_flow()) arm(flow, instance, definition.whole_flow(), step, content);
  }
  Claim claim;
  claim.instance = static_cast<std::uint16_t>(&instance - flow.instances.data());
  claim.rule = number;
  claim.after_step = step.number;
  claim.armed_at = step.log_time;
  claim.stated_deadline = claim.deadline = stated_deadline(rule, content);
  if (rule.within != 0) {
    const std::uint64_t from = rule.from_start ? instance.started_at : step.log_time;
    claim.deadline = std::min(claim.deadline, from + rule.within);
  }
  if (claim.deadline == no_deadline && !rule.forbids()) return;  // `by` a time that A does not say
  if (rule.keeps_values()) claim.values = values_of(rule, content);
  if (rule.each && item_count(rule, claim.values) == 0) return;
  claim.due = due_of(rule, claim);
  if (definition.is_owed(number)) ++instance.open_claims;
  flow.claims.push_back(std::move(claim));
  flow.enqueue(static_cast<ClaimIndex>(flow.claims.size() - 1));
}

// A rule in order: what meets the oldest claim meets all that wait.
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

// Any other rule: each open claim is asked by itself, unless there are many and they can be looked up.
void Judge::consider(Flow& flow, Instance& instance, const Role::Met& met, const Step& step,
                     JudgedEvent* content) {
  const Rule& rule = definitions_[instance.definition].rules[met.rule];
  const ClaimQueue& queue = flow.queues[instance.first_queue + met.rule];
  if (met.part == Role::Part::expected && queue.weight > looked_up_from && is_looked_up(rule))
    return look_up(flow, instance, met, step, content);
  ClaimIndex next = no_claim;
  for (ClaimIndex at = queue.oldest; at != no_claim; at = next) {
    Claim& claim = flow.claims[at];
    next = claim.newer;
    const bool waiting = claim.verdict == v1::VERDICT_WAITING;
    if (met.part == Role::Part::expected) {
      count(flow, instance, claim, met, step, content);
    } else if (met.part == Role::Part::lifts) {
      settle(flow, instance, claim, step);
    } else if (waiting) {
      claim.deadline = std::max(claim.deadline, std::min(step.log_time + rule.within, claim.stated_deadline));
      flow.look_again(claim, std::exchange(claim.due, due_of(rule, claim)));
    }
  }
}

void Judge::look_up(Flow& flow, Instance& instance, const Role::Met& met, const Step& step,
                    JudgedEvent* content) {
  const Rule& rule = definitions_[instance.definition].rules[met.rule];
  const std::uint32_t queue = instance.first_queue + met.rule;
  Lookup& lookup = flow.lookups[queue];
  std::vector<ClaimIndex> added;  // since the last time
  for (ClaimIndex at = flow.queues[queue].newest; at != no_claim && at >= lookup.end();
       at = flow.claims[at].older)
    added.push_back(at);
  for (auto at = added.rbegin(); at != added.rend(); ++at)
    lookup.add(*at, wanted_by(rule, flow.claims[*at].values));
  const auto found =
      lookup.find(said_by(rule, content), [&](ClaimIndex at) { return flow.claims[at].open(); });
  for (const auto& [at, items] : found) count(flow, instance, flow.claims[at], met, step, content, items);
}

// A B has come: whether it is one for this claim, and what it makes of it.
void Judge::count(Flow& flow, Instance& instance, Claim& claim, const Role::Met& met, const Step& step,
                  JudgedEvent* content, std::span<const std::uint32_t> items_at) {
  const Rule& rule = definitions_[instance.definition].rules[claim.rule];
  const bool waiting = claim.verdict == v1::VERDICT_WAITING;
  ++asked_;
  if (!where_holds(rule, claim.values, content)) return;
  if (rule.never) return violate(flow, instance, claim, Breach::forbidden, step);
  if (rule.each) {
    asked_ += items_at.empty() ? item_count(rule, claim.values) : items_at.size();
    const std::uint32_t marked = mark_items(rule, claim.values, content, items_at);
    if (marked == 0) return;
    claim.seen += marked;
  } else if (rule.any_of) {
    ++claim.seen;
  } else {
    claim.seen |= met.bit;
  }
  if (waiting && step.log_time < claim.armed_at + rule.not_before)
    return violate(flow, instance, claim, Breach::too_soon, step);
  if (waiting && rule.any_of && !rule.each && claim.seen > rule.most)
    return violate(flow, instance, claim, Breach::too_many, step);

  const bool complete = rule.each     ? claim.seen == item_count(rule, claim.values)
                        : rule.any_of ? claim.seen >= rule.needed
                                      : claim.seen == rule.all_seen();
  // Too many may still come: enough is only said at the deadline.
  if (complete && (rule.most == Rule::no_limit || !waiting)) settle(flow, instance, claim, step);
}

// An open claim is met by `step`, in time or late.
void Judge::settle(Flow& flow, Instance& instance, Claim& claim, const Step& step) {
  if (claim.verdict == v1::VERDICT_WAITING)
    return close(flow, instance, claim, v1::VERDICT_MET, step.log_time);
  close(flow, instance, claim, v1::VERDICT_MET_LATE, step.log_time);
  end_overdue(instance);
  ++instance.met_late;
  tell(flow, claim, Judgement::Kind::resolved, step);
}

void Judge::end_overdue(Instance& instance) {
  --instance.overdue;
  if (instance.overdue == 0 && instance.state == v1::FLOW_STATE_OVERDUE) {
    instance.state = v1::FLOW_STATE_OPEN;
  }
}

void Judge::tell(const Flow& flow, const Claim& claim, Judgement::Kind kind, const Step& by) {
  Judgement& verdict = verdicts_.emplace_back(about(flow, claim, kind));
  verdict.by_id = text_of(by.id);
  verdict.by_topic = by.topic;
  verdict.at = by.log_time;
}

void Judge::close(Flow& flow, Instance& instance, Claim& claim, v1::Verdict verdict, std::uint64_t at) {
  flow.unlink(claim);
  claim.verdict = verdict;
  claim.settled_at = at;
  const bool came = verdict == v1::VERDICT_MET || verdict == v1::VERDICT_MET_LATE;
  if (came && times_ != nullptr)
    times_->came(definitions_, instance.definition, claim.rule, claim.armed_at, at);
  if (definitions_[instance.definition].is_owed(claim.rule)) --instance.open_claims;
}

void Judge::violate(Flow& flow, Instance& instance, Claim& claim, Breach breach, const Step& step) {
  close(flow, instance, claim, v1::VERDICT_BROKEN, step.log_time);
  ++instance.broken;
  tell(flow, claim, Judgement::Kind::broken, step);
  verdicts_.back().breach = breach;
}

// A terminal event: nothing of what still waits is owed any more, and what was forbidden did not come. What
// is overdue already stays so, and may still be resolved. What has enough can get no more: it is met.
void Judge::end_waiting(Flow& flow, Instance& instance, const Step& step) {
  const Definition& definition = definitions_[instance.definition];
  for (std::uint16_t number = 0; number != definition.whole_flow(); ++number) {
    const Rule& rule = definition.rules[number];
    const ClaimQueue& queue = flow.queues[instance.first_queue + number];
    ClaimIndex next = no_claim;
    for (ClaimIndex at = queue.in_order ? queue.waiting : queue.oldest; at != no_claim; at = next) {
      Claim& claim = flow.claims[at];
      next = claim.newer;
      if (claim.verdict != v1::VERDICT_WAITING) continue;
      const bool enough = rule.has_enough(claim.seen);
      close(flow, instance, claim, enough ? v1::VERDICT_MET : v1::VERDICT_CANCELLED, step.log_time);
    }
  }
}

void Judge::end(Flow& flow, Instance& instance, const Step& step) {
  end_waiting(flow, instance, step);
  instance.ended_by = step.topic;
  complete(flow, instance, step);
}

// Without an end a flow is complete where nothing is owed, what was told before it moved here included.
void Judge::complete_if_nothing_is_owed(Flow& flow, Instance& instance, const Step& step) {
  const bool can_end = !definitions_[instance.definition].ends.empty();
  if (can_end || instance.open_claims != 0 || instance.state == v1::FLOW_STATE_COMPLETED) return;
  bool owes = false;
  each_left_behind(flow, instance, [&](const Instance& left) { owes = owes || left.overdue != 0; });
  if (!owes) complete(flow, instance, step);
}

// What a reapplication left behind does nothing any more but wait for what it has told.
void Judge::rest(Flow& flow, Instance& left, const Step& step) {
  if (left.overdue != 0) return;
  left.state = v1::FLOW_STATE_COMPLETED;
  if (Instance* const newer = newer_of(flow, left)) complete_if_nothing_is_owed(flow, *newer, step);
}

// The instance of a newer version that the flow has moved to; it stands behind the older one.
Instance* Judge::newer_of(Flow& flow, const Instance& instance) const {
  const Definition& definition = definitions_[instance.definition];
  if (!definition.retired || flow.instances.size() == 1) return nullptr;
  for (auto at = static_cast<std::size_t>(&instance - flow.instances.data()) + 1; at < flow.instances.size();
       ++at) {
    if (definitions_[flow.instances[at].definition].name == definition.name) return &flow.instances[at];
  }
  return nullptr;
}

template <typename Visit>
void Judge::each_left_behind(Flow& flow, const Instance& instance, const Visit& visit) {
  if (flow.instances.size() == 1) return;
  for (Instance& other : flow.instances) {
    if (&other == &instance) return;
    if (definitions_[other.definition].name == definitions_[instance.definition].name) visit(other);
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
  verdict.broken = instance.broken;
  each_left_behind(flow, instance, [&](Instance& left) {
    left.state = v1::FLOW_STATE_COMPLETED;
    verdict.overdue += left.overdue;
    verdict.met_late += left.met_late;
  });
}

void Judge::fall_due(Flow& flow, std::uint64_t upto, bool detected_late) {
  for (;;) {
    const ClaimIndex first = flow.first_due();
    if (first == no_claim || flow.claims[first].due > upto) return;
    fall_due(flow, flow.claims[first], detected_late);
  }
}

void Judge::fall_due(Flow& flow, Claim& claim, bool detected_late) {
  Instance& instance = flow.instances[claim.instance];
  const Rule& rule = definitions_[instance.definition].rules[claim.rule];
  if (claim.due < claim.deadline) {
    claim.warned = true;
    flow.look_again(claim, std::exchange(claim.due, claim.deadline));
    if (rule.has_enough(claim.seen)) return;
    verdicts_.push_back(about(flow, claim, Judgement::Kind::warning));
    verdicts_.back().detected_late = detected_late;
    return;
  }
  if (rule.has_enough(claim.seen)) return meet_by_time(flow, instance, claim);
  claim.detected_late = detected_late;
  ClaimQueue& queue = flow.queue_of(claim);
  if (queue.in_order) queue.waiting = claim.newer;
  claim.verdict = v1::VERDICT_OVERDUE;
  if (times_ != nullptr) times_->overdue(definitions_, instance.definition, claim.rule);
  ++instance.overdue;
  instance.state = v1::FLOW_STATE_OVERDUE;
  verdicts_.push_back(about(flow, claim, Judgement::Kind::overdue));
}

// Nothing too much came until the deadline. That may have been the last thing owed.
void Judge::meet_by_time(Flow& flow, Instance& instance, Claim& claim) {
  Step last = flow.steps.at(claim.after_step);
  last.log_time = decided_at(claim);
  close(flow, instance, claim, v1::VERDICT_MET, decided_at(claim));
  complete_if_nothing_is_owed(flow, instance, last);
}

std::size_t Judge::waive(Flow& flow, const Waiver& waiver, const Step& step) {
  std::size_t count = 0;
  for (Claim& claim : flow.claims) {
    if (!is_meant(flow, claim, waiver)) continue;
    waive(flow, claim, step);
    ++count;
  }
  if (count == 0) return 0;
  // That may have been the last thing owed.
  for (Instance& instance : flow.instances)
    newer_of(flow, instance) ? rest(flow, instance, step) : complete_if_nothing_is_owed(flow, instance, step);
  return count;
}

std::size_t Judge::meant(const Flow& flow, const Waiver& waiver) const {
  return static_cast<std::size_t>(
      std::count_if(flow.claims.begin(), flow.claims.end(),
                    [&](const Claim& claim) { return is_meant(flow, claim, waiver); }));
}

bool Judge::is_meant(const Flow& flow, const Claim& claim, const Waiver& waiver) const {
  if (!claim.open() || claim.verdict != v1::VERDICT_OVERDUE) return false;
  const Definition& definition = definitions_[flow.instances[claim.instance].definition];
  if (!waiver.definition.empty() && waiver.definition != definition.name) return false;
  if (waiver.missing.empty()) return true;
  const Rule& rule = definition.rules[claim.rule];
  for (std::size_t i = 0; i < rule.expected.size(); ++i) {
    const bool has_come = !rule.any_of && (claim.seen & (1u << i)) != 0;
    const auto& missing = waiver.missing;
    if (!has_come && std::find(missing.begin(), missing.end(), rule.expected[i]) != missing.end())
      return true;
  }
  return false;
}

void Judge::waive(Flow& flow, Claim& claim, const Step& step) {
  Instance& instance = flow.instances[claim.instance];
  close(flow, instance, claim, v1::VERDICT_WAIVED, step.log_time);
  end_overdue(instance);
  tell(flow, claim, Judgement::Kind::waived, step);
}

Judgement Judge::about(const Flow& flow, const Claim& claim, Judgement::Kind kind) const {
  const Step after = flow.steps.at(claim.after_step);
  Judgement verdict;
  verdict.kind = kind;
  verdict.definition = flow.instances[claim.instance].definition;
  verdict.rule = claim.rule;
  verdict.claim = static_cast<ClaimIndex>(&claim - flow.claims.data());
  verdict.correlation = text_of(flow.correlation);
  verdict.after_id = text_of(after.id);
  verdict.after_offset = after.offset;
  verdict.armed_at = claim.armed_at;
  verdict.deadline = claim.deadline;
  verdict.seen = claim.seen;
  verdict.detected_late = claim.detected_late;
  verdict.items = items_of(definitions_[verdict.definition].rules[claim.rule], claim.values, told_items_max);
  return verdict;
}

void bring_up_to(std::uint64_t watermark, const DefinitionSet& definitions, Flow& flow) {
  std::vector<Judgement> untold;
  Judge{definitions, untold}.fall_due(flow, watermark, false);
}

}  // namespace reel::tracker
