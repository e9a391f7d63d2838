// One flow while it is being judged: its steps, and per definition what it waits for.
//
// A Claim is one expectation armed by one event: "payment.captured is owed until 10:00:05". Claims of one
// rule are met, and fall due, in the order they were armed: one event meets all of them, and all have the
// same time. So the open ones form a queue per rule, overdue ones before waiting ones, and every step of
// judging works at an end of a queue: what an event costs does not depend on how many claims a flow has.
//
// Plain data; judge.h has the rules, flow_record.h the form in which flows are kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reel/v1/query.pb.h"
#include "tracker/definitions.h"
#include "tracker/steps.h"

namespace reel::tracker {

/// A place in Flow::claims, or nowhere.
using ClaimIndex = std::uint32_t;
inline constexpr ClaimIndex no_claim = 0xffff'ffff;

struct Claim {
  std::uint64_t armed_at = 0;
  std::uint64_t deadline = 0;
  std::uint64_t settled_at = 0;  ///< log time of the event that met or cancelled it; 0: open
  std::uint32_t after_step = 0;  ///< which step armed it
  std::uint32_t seen = 0;        ///< of an all_of: which have come
  ClaimIndex older = no_claim;   ///< in its rule's queue, while open
  ClaimIndex newer = no_claim;
  std::uint16_t instance = 0;  ///< place in Flow::instances
  std::uint16_t rule = 0;
  v1::Verdict verdict = v1::VERDICT_WAITING;
  bool detected_late = false;

  /// Not settled: waiting, or overdue and not yet come.
  [[nodiscard]] bool open() const { return settled_at == 0; }
};

/// The open claims of one rule, oldest first.
struct ClaimQueue {
  ClaimIndex oldest = no_claim;
  ClaimIndex newest = no_claim;
  ClaimIndex waiting = no_claim;  ///< the oldest that is not overdue
};

/// The flow under one definition.
struct Instance {
  DefinitionIndex definition = 0;
  v1::FlowState state = v1::FLOW_STATE_OPEN;
  std::uint32_t completions = 0;
  std::uint32_t first_queue = 0;  ///< place in Flow::queues; one per rule
  std::uint32_t open_claims = 0;  ///< of configured expectations, without the deadline of the whole flow
  std::uint32_t overdue = 0;      ///< open and overdue
  std::uint32_t met_late = 0;     ///< since started_at
  std::uint64_t started_at = 0;   ///< log time at which it began, or began again after completing
  Name ended_by = 0;              ///< the terminal topic
};

struct Flow {
  std::string correlation;  ///< packed
  std::uint64_t started_at = 0;
  std::uint64_t last_at = 0;
  Name first_topic = 0;
  Name last_topic = 0;
  Steps steps;
  std::vector<Instance> instances;
  std::vector<Claim> claims;  ///< in the order they were armed
  std::vector<ClaimQueue> queues;

  void clear();

  /// Overdue before open before completed: the worst that one of its definitions says.
  [[nodiscard]] v1::FlowState state() const;
  /// The earliest deadline of a waiting claim.
  [[nodiscard]] std::optional<std::uint64_t> next_deadline() const;
  [[nodiscard]] Instance* instance_of(DefinitionIndex definition);

  /// Adds an instance with its queues.
  Instance& add_instance(DefinitionIndex definition, std::size_t rules);
  /// Puts an open claim, which must be the last in `claims`, at the new end of its queue.
  void enqueue(ClaimIndex index);
  [[nodiscard]] ClaimQueue& queue_of(const Claim& claim) {
    return queues[instances[claim.instance].first_queue + claim.rule];
  }
};

}  // namespace reel::tracker
