#include "tracker/reapplication.h"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

namespace reel::tracker {
namespace {

bool was_told(const Claim& claim) {
  return claim.open() && claim.verdict == v1::VERDICT_OVERDUE;
}

// Of the past nobody knows what it would ask.
bool asks_payload(const Rule& rule) {
  return rule.when || rule.by || rule.keeps_values();
}

template <typename Visit>
void each_step(const Flow& flow, const Visit& visit) {
  std::uint32_t number = 0;
  for (std::size_t i = 0; i < flow.steps.chunks(); ++i) {
    StepReader reader{flow.steps.chunk(i), number};
    while (const auto step = reader.next()) {
      visit(*step);
      ++number;
    }
  }
}

}  // namespace

/// One instance on its way to another version.
struct Reapplication::Move {
  std::optional<DefinitionIndex> to;  ///< none: it stays
  /// By rule of the old version: the rule that says the same.
  std::vector<std::optional<std::uint16_t>> same;
  std::vector<bool> is_new;   ///< by rule of the new version: none of the old ones says it
  bool stays_too = false;     ///< something was told that the new version does not say
  std::vector<Claim> judged;  ///< of the rules that are new, as the steps tell it
  std::uint64_t started_at = 0;
  std::optional<Step> ended_by;
  std::uint32_t met_late = 0;
  std::uint32_t broken = 0;
  std::size_t place = 0;      ///< in the new flow, of what has moved
  std::size_t old_place = 0;  ///< and of what stays, or is left behind
};

bool Reapplication::apply(Flow& flow, std::uint64_t upto) {
  std::vector<Move> moves;
  bool any = false;
  for (const Instance& instance : flow.instances) {
    moves.push_back(move_of(flow, instance));
    if (moves.back().to) judge_steps(flow, moves.back(), upto);
    any = any || moves.back().to;
  }
  if (!any) return false;

  Flow next = flow;
  next.clear_claims();
  for (std::size_t i = 0; i < moves.size(); ++i) {
    Move& move = moves[i];
    const auto add = [&](DefinitionIndex index) {
      const auto first_queue = next.queues.size();
      (void)next.add_instance(index, definitions_[index]);
      Instance& added = next.instances.back();
      added = flow.instances[i];
      added.definition = index;
      added.first_queue = static_cast<std::uint32_t>(first_queue);
      return next.instances.size() - 1;
    };
    if (!move.to || move.stays_too) move.old_place = add(flow.instances[i].definition);
    if (!move.to) continue;
    if (move.stays_too) next.instances[move.old_place].met_late = 0;  // counted where it goes
    move.place = add(*move.to);
    Instance& moved = next.instances.back();
    moved.state = v1::FLOW_STATE_OPEN;
    moved.started_at = move.started_at;
    moved.met_late += move.met_late;
    moved.broken += move.broken;
  }

  std::vector<Claim> claims;
  for (const Claim& claim : flow.claims) {
    const Move& move = moves[claim.instance];
    Claim kept = claim;
    kept.instance = static_cast<std::uint16_t>(move.old_place);
    if (move.to && move.same[claim.rule]) {
      kept.instance = static_cast<std::uint16_t>(move.place);
      kept.rule = *move.same[claim.rule];
    } else if (move.to && !was_told(claim)) {
      continue;  // what the old version asked for, and nobody was told of
    }
    claims.push_back(std::move(kept));
  }
  for (Move& move : moves) {
    for (Claim& claim : move.judged) {
      claim.instance = static_cast<std::uint16_t>(move.place);
      claims.push_back(std::move(claim));
    }
  }
  fill(next, std::move(claims));
  judge_.fall_due(next, upto, true);
  for (const Move& move : moves) {
    if (move.to) settle(next, move);
  }
  flow = std::move(next);
  return true;
}

Reapplication::Move Reapplication::move_of(const Flow& flow, const Instance& from) const {
  Move move;
  const Definition& old = definitions_[from.definition];
  if (!old.retired || from.state == v1::FLOW_STATE_COMPLETED) return move;
  const auto to = definitions_.current(old.name);
  if (!to) return move;
  for (const Instance& other : flow.instances) {
    if (other.definition == *to) return move;
    if (&other > &from && definitions_[other.definition].name == old.name) return move;  // left behind before
  }
  const Definition& newest = definitions_[*to];
  move.to = to;
  move.same.resize(old.rules.size());
  move.is_new.assign(newest.rules.size(), true);
  for (std::size_t i = 0; i < newest.rules.size(); ++i) {
    const auto same = std::find_if(old.rules.begin(), old.rules.end(), [&](const Rule& rule) {
      return rule.identity == newest.rules[i].identity;
    });
    if (same == old.rules.end()) continue;
    auto& goes_to = move.same[static_cast<std::size_t>(same - old.rules.begin())];
    if (goes_to) continue;
    goes_to = static_cast<std::uint16_t>(i);
    move.is_new[i] = false;
  }
  const auto instance = static_cast<std::size_t>(&from - flow.instances.data());
  move.stays_too = std::any_of(flow.claims.begin(), flow.claims.end(), [&](const Claim& claim) {
    return claim.instance == instance && was_told(claim) && !move.same[claim.rule];
  });
  move.old_place = instance;  // until the new flow's instances are known
  return move;
}

// As if the new version had stood in the file all along; nobody is told of what is settled already.
void Reapplication::judge_steps(const Flow& flow, Move& move, std::uint64_t upto) const {
  std::vector<Judgement> untold;
  Judge judge{definitions_, untold};
  Flow scratch;
  scratch.correlation = flow.correlation;
  scratch.steps = flow.steps;
  const std::uint64_t began = flow.instances[move.old_place].started_at;
  each_step(flow, [&](const Step& step) {
    const Role* const role = step.log_time < began ? nullptr : role_of(step.topic, *move.to);
    if (step.log_time > 0) judge.fall_due(scratch, step.log_time - 1, true);
    if (!role) return;
    if (scratch.instances.empty() && role->begins) (void)judge.begin(scratch, *move.to, step, nullptr);
    if (scratch.instances.empty()) return;
    judge.see(scratch, {role, 1}, step, nullptr);
    if (role->ends && !move.ended_by) move.ended_by = flow.steps.at(step.number);
  });
  if (scratch.instances.empty()) {
    move.to.reset();
    return;
  }
  judge.fall_due(scratch, upto, true);
  move.started_at = scratch.instances.front().started_at;

  const Definition& newest = definitions_[*move.to];
  std::multimap<std::uint32_t, const Rule*> told;  // by the step that armed it
  for (const Claim& claim : flow.claims) {
    const Definition& by = definitions_[flow.instances[claim.instance].definition];
    if (was_told(claim) && by.name == newest.name) told.emplace(claim.after_step, &by.rules[claim.rule]);
  }
  const auto told_already = [&](const Claim& claim) {
    const auto [begin, end] = told.equal_range(claim.after_step);
    return std::any_of(begin, end, [&](const auto& one) {
      return one.second->expected == newest.rules[claim.rule].expected;
    });
  };
  for (Claim& claim : scratch.claims) {
    if (!move.is_new[claim.rule] || asks_payload(newest.rules[claim.rule]) || told_already(claim)) continue;
    move.met_late += claim.verdict == v1::VERDICT_MET_LATE ? 1u : 0u;
    move.broken += claim.verdict == v1::VERDICT_BROKEN ? 1u : 0u;
    if (was_told(claim)) {  // it falls due once more, and is told then
      claim.verdict = v1::VERDICT_WAITING;
      claim.due = decided_at(claim);
    }
    claim.older = claim.newer = no_claim;
    move.judged.push_back(std::move(claim));
  }
}

const Role* Reapplication::role_of(Name topic, DefinitionIndex definition) const {
  for (const Role& role : definitions_.roles(topic)) {
    if (role.definition == definition) return &role;
  }
  return nullptr;
}

// Queues and counters follow from the claims.
void Reapplication::fill(Flow& next, std::vector<Claim> claims) const {
  const auto place = [](const Claim& claim) {
    return std::tuple{claim.after_step, claim.instance, claim.rule};
  };
  std::stable_sort(claims.begin(), claims.end(),
                   [&](const Claim& a, const Claim& b) { return place(a) < place(b); });
  for (Instance& instance : next.instances) instance.open_claims = instance.overdue = 0;
  for (Claim& claim : claims) {
    claim.older = claim.newer = no_claim;
    next.claims.push_back(std::move(claim));
    const Claim& added = next.claims.back();
    if (!added.open()) continue;
    Instance& instance = next.instances[added.instance];
    if (definitions_[instance.definition].is_owed(added.rule)) ++instance.open_claims;
    if (added.verdict == v1::VERDICT_OVERDUE) ++instance.overdue;
    next.enqueue(static_cast<ClaimIndex>(next.claims.size() - 1));
  }
  for (Instance& instance : next.instances) {
    if (instance.overdue > 0 && instance.state == v1::FLOW_STATE_OPEN)
      instance.state = v1::FLOW_STATE_OVERDUE;
  }
}

// The new version may know that the flow has ended, or that nothing is owed any more.
void Reapplication::settle(Flow& next, const Move& move) {
  Instance& instance = next.instances[move.place];
  if (move.ended_by) return judge_.end(next, instance, *move.ended_by);
  Step last;
  each_step(next, [&](const Step& step) { last = step; });
  judge_.complete_if_nothing_is_owed(next, instance, last);
}

}  // namespace reel::tracker
