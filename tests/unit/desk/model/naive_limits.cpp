// What keeps the naive broker from handing over all that waits: max_rate_per_s, and a circuit breaker.
#include <algorithm>

#include "dispatch/backoff.h"
#include "naive_broker.h"
#include "service/pace.h"

namespace reel::broker::test {

// Whatever span is looked at, it has no more than its length allows, and what a short while before it saved
// up.
bool NaiveBroker::within_rate(const Service& service) const {
  if (service.policy.max_rate_per_s == 0) return true;
  const LogTime price = 1'000'000'000 / service.policy.max_rate_per_s;
  const auto& handed = service.handed_at;
  for (std::size_t first = 0; first < handed.size(); ++first) {
    if ((handed.size() - first) * price > now - handed[first] + Pace::burst_ns) return false;
  }
  return true;
}

bool NaiveBroker::is_probed(const Service& service) {
  return service.probes && std::any_of(service.line.begin(), service.line.end(), [&](const Owed& owed) {
           return !owed.holder.empty() && std::pair{owed.offset, owed.delivery} == service.probe;
         });
}

// How attempts ended, while the service was not paused.
void NaiveBroker::heard(Service& service, bool any_acked, std::size_t failed) const {
  const auto& breaker = service.policy.breaker;
  if (breaker.failures == 0) return;
  if (any_acked) {
    service.failed_in_row = 0;
    service.probes = false;
  }
  service.failed_in_row += failed;
  if (failed == 0 || (!service.probes && service.failed_in_row < breaker.failures)) return;
  service.failed_in_row = 0;
  service.probes = true;
  service.paused_until = now + nanoseconds_of(breaker.pause);
  ++service.breaks_to_read;
}

}  // namespace reel::broker::test
