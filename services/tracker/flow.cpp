#include "tracker/flow.h"

#include <algorithm>

namespace reel::tracker {

void Flow::clear() {
  correlation.clear();
  parent.clear();
  started_at = last_at = 0;
  first_topic = last_topic = 0;
  steps.clear();
  instances.clear();
  claims.clear();
  queues.clear();
}

v1::FlowState Flow::state() const {
  if (instances.empty()) return v1::FLOW_STATE_UNTRACKED;
  const auto any = [&](v1::FlowState state) {
    return std::any_of(instances.begin(), instances.end(),
                       [&](const Instance& instance) { return instance.state == state; });
  };
  if (any(v1::FLOW_STATE_OVERDUE)) return v1::FLOW_STATE_OVERDUE;
  return any(v1::FLOW_STATE_OPEN) ? v1::FLOW_STATE_OPEN : v1::FLOW_STATE_COMPLETED;
}

std::optional<std::uint64_t> Flow::next_deadline() const {
  std::uint64_t next = no_deadline;
  for (const ClaimQueue& queue : queues) {
    if (queue.in_order) {
      if (queue.waiting != no_claim) next = std::min(next, claims[queue.waiting].due);
      continue;
    }
    for (ClaimIndex at = queue.oldest; at != no_claim; at = claims[at].newer) {
      if (claims[at].verdict == v1::VERDICT_WAITING) next = std::min(next, claims[at].due);
    }
  }
  return next == no_deadline ? std::nullopt : std::optional{next};
}

Instance* Flow::instance_of(DefinitionIndex definition) {
  for (Instance& instance : instances) {
    if (instance.definition == definition) return &instance;
  }
  return nullptr;
}

Instance& Flow::add_instance(DefinitionIndex index, const Definition& definition) {
  Instance& instance = instances.emplace_back();
  instance.definition = index;
  instance.first_queue = static_cast<std::uint32_t>(queues.size());
  for (const Rule& rule : definition.rules) queues.emplace_back().in_order = rule.in_order;
  return instance;
}

void Flow::enqueue(ClaimIndex index) {
  Claim& claim = claims[index];
  ClaimQueue& queue = queue_of(claim);
  claim.older = queue.newest;
  claim.newer = no_claim;
  (queue.newest == no_claim ? queue.oldest : claims[queue.newest].newer) = index;
  queue.newest = index;
  if (!queue.in_order) return;
  if (queue.waiting == no_claim && claim.verdict == v1::VERDICT_WAITING) queue.waiting = index;
}

void Flow::unlink(Claim& claim) {
  ClaimQueue& queue = queue_of(claim);
  if (queue.waiting == static_cast<ClaimIndex>(&claim - claims.data())) queue.waiting = claim.newer;
  (claim.older == no_claim ? queue.oldest : claims[claim.older].newer) = claim.newer;
  (claim.newer == no_claim ? queue.newest : claims[claim.newer].older) = claim.older;
  claim.older = claim.newer = no_claim;
}

}  // namespace reel::tracker
