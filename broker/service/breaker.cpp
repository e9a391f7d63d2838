#include "service/breaker.h"

namespace reel::broker {
void Breaker::note(const Settlement& settlement, const config::Service& policy) {
  if (policy.breaker.failures == 0) {
    *this = {};
    return;
  }
  if (!settlement.acked.empty()) {
    failed_ = 0;
    probes_ = false;
  }
  if (settlement.failed_attempts == 0) return;
  failed_ += settlement.failed_attempts;
  if (!probes_ && failed_ < policy.breaker.failures) return;
  failed_ = 0;
  opened_ = probes_ = true;
}

}  // namespace reel::broker
