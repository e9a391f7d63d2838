// What is done for traces: which flows are sent, when, together with which, and what becomes of that. Knows
// neither bus nor network nor clock.
//
//   TraceDesk desk{settings, {.write = …, .send = …}};
//   desk.said("reel.flow.completed", "order-7", now);    // a verdict came by
//   while (…) next = desk.turn(now);                     // does what is due
//
// Nothing waits for it, and it makes nobody wait: what finds no place, or no taker, is dropped and counted.
// One thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "config/model.h"
#include "gateway/traces/trace_counts.h"
#include "gateway/traces/trace_queue.h"
#include "gateway/traces/trace_request.h"
#include "outward/http_post.h"
#include "story/sink.h"

namespace reel::gateway {

/// So many flows, or so many bytes, are one request: what a collector takes at once without complaint.
inline constexpr std::size_t trace_flows_max = 100;
inline constexpr std::size_t trace_bytes_enough = 1u << 20;

struct TraceWorld {
  /// Writes the flow's spans (story/otlp.h); false where there is no such flow. Throws NotReachable where
  /// that cannot be known now.
  std::function<bool(const std::string& id, const story::Sink& out)> write;
  std::function<outward::Answer(const std::string& body)> send;
};

class TraceDesk {
 public:
  using Time = std::chrono::steady_clock::time_point;

  TraceDesk(const config::Traces& settings, TraceWorld world);

  /// A verdict on `topic` was published in the flow.
  void said(std::string_view topic, std::string_view flow, Time now);
  /// Reads and sends what is due, at most one request. Until the time it returns there is nothing to do
  /// unless more is said; takes as long as reading and sending take.
  [[nodiscard]] Time turn(Time now);

  [[nodiscard]] TraceCounts counts() const;
  /// Of the last attempt, where it failed: one sentence. Empty where the last one was well.
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

 private:
  void gather(Time now);
  [[nodiscard]] bool add(std::string& body, const std::string& id);
  void send(Time now);

  const config::Traces settings_;
  const TraceWorld world_;
  TraceQueue queue_;
  std::optional<TraceRequest> request_;
  Time not_before_{};  // reading flows: who is to be asked is away
  TraceCounts counts_;
  std::string trouble_;
};

/// Whether this flow is one of the share that is sent: the same answer everywhere and for ever.
[[nodiscard]] bool in_sample(double share, std::string_view flow);

}  // namespace reel::gateway
