#include "tracker/flow.h"

#include <algorithm>

namespace reel::tracker {

void Flow::clear() {
  correlation.clear();
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
  std::optional<std::uint64_t> next;
  for (const ClaimQueue& queue : queues) {
    if (queue.waiting == no_claim) continue;
    const std::uint64_t deadline = claims[queue.waiting].deadline;
    if (!next || deadline < *next) next = deadline;
  }
  return next;
}

Instance* Flow::instance_of(DefinitionIndex definition) {
  for (Instance& instance : instances) {
    if (instance.definition == definition) return &instance;
  }
  return nullptr;
}

Instance& Flow::add_instance(DefinitionIndex definition, std::size_t rules) {
  Instance& instance = instances.emplace_back();
  instance.definition = definition;
  instance.first_queue = static_cast<std::uint32_t>(queues.size());
  queues.resize(queues.size() + rules);
  return instance;
}

void Flow::enqueue(ClaimIndex index) {
  Claim& claim = claims[index];
  ClaimQueue& queue = queue_of(claim);
  claim.older = queue.newest;
  claim.newer = no_claim;
  (queue.newest == no_claim ? queue.oldest : claims[queue.newest].newer) = index;
  queue.newest = index;
  if (queue.waiting == no_claim && claim.verdict == v1::VERDICT_WAITING) queue.waiting = index;
}

}  // namespace reel::tracker
