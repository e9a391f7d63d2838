// What an endpoint's answer to an event means for its delivery.
//
//   2xx                          handled: acked, and what it answered is published
//   408, 409, 425, 429, 5xx      not now: tried again by the service's backoff, no sooner than Retry-After
//   says every other                  never: the same request would be answered the same, so a dead letter at
//   once
//
// As EventBridge and SNS do it, but that a 3xx is no success: where it leads to was not agreed upon. No
// answer at all is "not now". Pure.
#pragma once

#include <cstdint>

namespace reel::adapters {

enum class HttpVerdict : std::uint8_t { handled, not_now, never };

[[nodiscard]] HttpVerdict verdict_of(int status);

}  // namespace reel::adapters
