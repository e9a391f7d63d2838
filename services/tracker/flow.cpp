#include "tracker/flow.h"

#include <algorithm>
#include <functional>

namespace reel::tracker {

void Flow::clear() {
  correlation.clear();
  parent.clear();
  started_at = last_at = 0;
  first_topic = last_topic = 0;
  steps.clear();
  clear_claims();
}

void Flow::clear_claims() {
  instances.clear();
  claims.clear();
  queues.clear();
  due.clear();
  if (!lookups.empty()) lookups.clear();
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

ClaimIndex Flow::first_due() {
  ClaimIndex first = no_claim;
  for (const ClaimQueue& queue : queues) {
    if (queue.waiting == no_claim) continue;
    if (first == no_claim || claims[queue.waiting].due < claims[first].due) first = queue.waiting;
  }
  while (!due.empty() && is_stale(due.front())) {
    std::pop_heap(due.begin(), due.end(), std::greater<>{});
    due.pop_back();
  }
  if (due.empty()) return first;
  if (first == no_claim) return due.front().claim;
  const DueClaim in_order{claims[first].due, queue_number(claims[first]), first};
  return due.front() < in_order ? due.front().claim : first;
}

std::optional<std::uint64_t> Flow::next_deadline() {
  const ClaimIndex first = first_due();
  return first == no_claim ? std::nullopt : std::optional{claims[first].due};
}

void Flow::add_due(ClaimIndex index) {
  if (claims[index].due == no_deadline) return;
  due.push_back({claims[index].due, queue_number(claims[index]), index});
  std::push_heap(due.begin(), due.end(), std::greater<>{});
}

// What is stale goes when it comes up, or when there is more of it than of the rest.
void Flow::look_again(const Claim& claim, std::uint64_t due_before) {
  if (claim.due == due_before) return;
  add_due(static_cast<ClaimIndex>(&claim - claims.data()));
  if (due.size() <= 2 * claims.size() + 64) return;
  std::erase_if(due, [&](const DueClaim& entry) { return is_stale(entry); });
  std::make_heap(due.begin(), due.end(), std::greater<>{});
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
  queue.weight += weight_of(claim);
  if (claim.verdict != v1::VERDICT_WAITING) return;
  if (!queue.in_order) return add_due(index);
  if (queue.waiting == no_claim) queue.waiting = index;
}

void Flow::unlink(Claim& claim) {
  ClaimQueue& queue = queue_of(claim);
  if (queue.waiting == static_cast<ClaimIndex>(&claim - claims.data())) queue.waiting = claim.newer;
  (claim.older == no_claim ? queue.oldest : claims[claim.older].newer) = claim.newer;
  (claim.newer == no_claim ? queue.newest : claims[claim.newer].older) = claim.older;
  claim.older = claim.newer = no_claim;
  queue.weight -= weight_of(claim);
}

}  // namespace reel::tracker
