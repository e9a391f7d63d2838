#include "service/breaker.h"

#include <algorithm>
#include <utility>

namespace reel::broker {
namespace {

bool speaks_of_an_outage(const v1::Failure& failure, const config::Service& policy) {
  switch (failure.ending()) {
    case v1::ENDING_NACKED:
    case v1::ENDING_TIMED_OUT: return true;
    case v1::ENDING_DEAD: return std::cmp_greater_equal(failure.attempt(), policy.retry.attempts);
    default: return false;
  }
}

}  // namespace

void Breaker::note(const Settlement& settlement, const config::Service& policy) {
  if (policy.breaker.failures == 0) {
    *this = {};
    return;
  }
  if (!settlement.acked.empty()) {
    failed_ = 0;
    probes_ = false;
  }
  const auto failed = std::count_if(settlement.failures.begin(), settlement.failures.end(),
                                    [&](const v1::Failure& one) { return speaks_of_an_outage(one, policy); });
  if (failed == 0) return;
  failed_ += static_cast<std::uint32_t>(failed);
  if (!probes_ && failed_ < policy.breaker.failures) return;
  failed_ = 0;
  opened_ = probes_ = true;
}

}  // namespace reel::broker
