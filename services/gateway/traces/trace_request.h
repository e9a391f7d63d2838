// One request to a tracing back end, from its first attempt to its end. A sans-IO state machine, after the
// rules of OTLP/HTTP: 429, 502, 503, 504 and silence are tried again, no sooner than Retry-After says; every
// other failure would be answered the same.
//
//   TraceRequest request{body, 3, settings.retry_for, now};
//   switch (request.answered(post(request.body()), now)) { … }
//   request.due()                                      // of the next attempt, where it is `again`
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "outward/http_post.h"

namespace reel::gateway {

class TraceRequest {
 public:
  using Time = std::chrono::steady_clock::time_point;
  enum class Outcome : std::uint8_t { taken, again, refused, given_up };

  /// `flows` is how many are in it.
  TraceRequest(std::string body, std::size_t flows, std::chrono::milliseconds retry_for, Time now);

  [[nodiscard]] const std::string& body() const { return body_; }
  [[nodiscard]] std::size_t flows() const { return flows_; }
  [[nodiscard]] Time due() const { return due_; }

  [[nodiscard]] Outcome answered(const outward::Answer& answer, Time now);

 private:
  std::string body_;
  std::size_t flows_;
  Time due_;
  Time last_chance_;
  std::chrono::milliseconds wait_;
};

/// Of an answer that took the request: spans that it did not want all the same (partialSuccess).
[[nodiscard]] std::uint64_t rejected_spans(const std::string& answer_body);

}  // namespace reel::gateway
