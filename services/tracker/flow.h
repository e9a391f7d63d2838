// One flow while it is being judged: its steps, and per definition what it waits for.
//
// A Claim is one expectation armed by one event: "payment.captured is owed until 10:00:05". Claims of one
// rule are met, and fall due, in the order they were armed: one event meets all of them, and all have the
// same time. So the open ones form a queue per rule, overdue ones before waiting ones, and every step of
// judging works at an end of a queue: what an event costs does not depend on how many claims a flow has.
//
// That is so for plain rules (Rule::in_order). Where a rule compares, counts, forbids, warns or takes its
// deadline from elsewhere, some of its claims may be met and others not, and they fall due in any order:
// those that wait stand in a heap by time. Such a queue is walked by an event, which costs as much as the
// rule has open claims in this flow, mostly one; where there are many, and the rule says what B and A have in
// common, those that B may be for are looked up (lookup.h).
//
// Plain data; judge.h has the rules, flow_record.h the form in which flows are kept.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "reel/v1/query.pb.h"
#include "tracker/definitions.h"
#include "tracker/lookup.h"
#include "tracker/steps.h"

namespace reel::tracker {

/// A place in Flow::claims, or nowhere.
using ClaimIndex = std::uint32_t;
inline constexpr ClaimIndex no_claim = 0xffff'ffff;
/// Later than any: a prohibition without an end in time.
inline constexpr std::uint64_t no_deadline = ~std::uint64_t{0};

struct Claim {
  std::uint64_t armed_at = 0;
  std::uint64_t deadline = 0;                   ///< no_deadline: none
  std::uint64_t stated_deadline = no_deadline;  ///< what stood in A (`by`), which nothing extends
  std::uint64_t due = 0;                        ///< when it is looked at next: to warn, or at its deadline
  std::uint64_t settled_at = 0;                 ///< log time of the event that met or cancelled it; 0: open
  std::uint32_t after_step = 0;                 ///< which step armed it
  std::uint32_t seen = 0;                       ///< of an all_of: which have come; otherwise how many
  ClaimIndex older = no_claim;                  ///< in its rule's queue, while open
  ClaimIndex newer = no_claim;
  std::uint16_t instance = 0;  ///< place in Flow::instances
  std::uint16_t rule = 0;
  v1::Verdict verdict = v1::VERDICT_WAITING;
  bool detected_late = false;
  bool warned = false;
  bool impossible = false;  ///< it will not come by itself
  std::string values = {};  ///< what is remembered of A; content.h

  /// Not settled: waiting, or overdue and not yet come.
  [[nodiscard]] bool open() const { return settled_at == 0; }
};

[[nodiscard]] inline std::uint32_t weight_of(const Claim& claim) {
  return 1 + static_cast<std::uint32_t>(claim.values.size() / 16);
}
/// When time decides about a waiting claim: at its deadline, or at once where that had passed before A came.
[[nodiscard]] inline std::uint64_t decided_at(const Claim& claim) {
  return std::max(claim.deadline, claim.armed_at);
}
/// When a waiting claim is looked at next.
[[nodiscard]] inline std::uint64_t due_of(const Rule& rule, const Claim& claim) {
  if (rule.warn_permille == 0 || claim.warned || claim.deadline <= claim.armed_at) return decided_at(claim);
  const std::uint64_t span = claim.deadline - claim.armed_at;
  return claim.armed_at + span / 1'000 * rule.warn_permille + span % 1'000 * rule.warn_permille / 1'000;
}

/// A waiting claim of a rule out of order, and when it is looked at. Stale where the claim says otherwise.
struct DueClaim {
  std::uint64_t due = 0;
  std::uint32_t queue = 0;
  ClaimIndex claim = no_claim;

  friend auto operator<=>(const DueClaim&, const DueClaim&) = default;
};

/// The open claims of one rule, oldest first.
struct ClaimQueue {
  ClaimIndex oldest = no_claim;
  ClaimIndex newest = no_claim;
  ClaimIndex waiting = no_claim;  ///< the oldest that is not overdue; of rules in order only
  bool in_order = true;           ///< Rule::in_order
  /// How much there is to walk: a claim and 16 bytes of what it remembers are one each.
  std::uint32_t weight = 0;
};

/// The flow under one definition. Of a definition there may be two: a reapplication leaves what was told
/// under the version that told it, and the newer one stands behind that.
struct Instance {
  DefinitionIndex definition = 0;
  v1::FlowState state = v1::FLOW_STATE_OPEN;
  std::uint32_t completions = 0;
  std::uint32_t first_queue = 0;  ///< place in Flow::queues; one per rule
  std::uint32_t open_claims = 0;  ///< of configured expectations, without the deadline of the whole flow
  std::uint32_t overdue = 0;      ///< open and overdue
  std::uint32_t met_late = 0;     ///< since started_at
  std::uint32_t broken = 0;       ///< rules of what must not come that were broken
  std::uint64_t started_at = 0;   ///< log time at which it began, or began again after completing
  Name ended_by = 0;              ///< the terminal topic
};

struct Flow {
  std::string correlation;  ///< packed
  std::string parent;       ///< packed id of the flow that this one is a part of; empty: of none
  std::uint64_t started_at = 0;
  std::uint64_t last_at = 0;
  Name first_topic = 0;
  Name last_topic = 0;
  Steps steps;
  std::vector<Instance> instances;
  std::vector<Claim> claims;  ///< in the order they were armed
  std::vector<ClaimQueue> queues;
  std::vector<DueClaim> due;                          ///< a heap, the earliest first
  std::unordered_map<std::uint32_t, Lookup> lookups;  ///< by queue, of long ones only

  void clear();
  /// Of its claims, and of the definitions they are of, nothing is left.
  void clear_claims();

  /// Overdue before open before completed: the worst that one of its definitions says.
  [[nodiscard]] v1::FlowState state() const;
  /// The waiting claim that is looked at next, or none. At the same time the order is that of the definitions
  /// and of their expectations, then the older comes first.
  [[nodiscard]] ClaimIndex first_due();
  /// When that is.
  [[nodiscard]] std::optional<std::uint64_t> next_deadline();
  [[nodiscard]] Instance* instance_of(DefinitionIndex definition);

  /// Adds an instance with its queues.
  Instance& add_instance(DefinitionIndex index, const Definition& definition);
  /// Puts an open claim, which must be the last in `claims`, at the new end of its queue.
  void enqueue(ClaimIndex index);
  /// Takes an open claim out of its queue.
  void unlink(Claim& claim);
  /// A waiting claim of a rule out of order is looked at at another time than before.
  void look_again(const Claim& claim, std::uint64_t due_before);
  [[nodiscard]] std::uint32_t queue_number(const Claim& claim) const {
    return instances[claim.instance].first_queue + claim.rule;
  }
  [[nodiscard]] ClaimQueue& queue_of(const Claim& claim) { return queues[queue_number(claim)]; }

 private:
  [[nodiscard]] bool is_stale(const DueClaim& entry) const {
    return claims[entry.claim].verdict != v1::VERDICT_WAITING || claims[entry.claim].due != entry.due;
  }
  void add_due(ClaimIndex index);
};

}  // namespace reel::tracker
