#include "adapters/http_verdict.h"

namespace reel::adapters {

HttpVerdict verdict_of(int status) {
  if (status >= 200 && status < 300) return HttpVerdict::handled;
  const bool passing = status == 408 || status == 409 || status == 425 || status == 429;
  if (status == 0 || status >= 500 || passing) return HttpVerdict::not_now;
  return HttpVerdict::never;
}

}  // namespace reel::adapters
