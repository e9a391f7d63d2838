// Traces on their way out: the tracker's verdicts come in from the bus, flows go to an OTLP/HTTP end point.
//
//   TraceExport traces{mesh.model.traces, {.bus = bus, .brokers = …, .connection = …}};
//   traces.counts();
//
// One thread and one subscription, which nothing remembers: what is said while the gateway is away is not
// sent, and what waits when it is stopped is forgotten. Nobody but this waits for the end point.
#pragma once

#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "config/headers.h"
#include "config/model.h"
#include "gateway/api/event_texts.h"
#include "gateway/api/stream_journal.h"
#include "gateway/bus.h"
#include "gateway/traces/flow_spans.h"
#include "gateway/traces/trace_desk.h"
#include "reel/stream.h"

namespace reel::gateway {

struct TraceParts {
  /// Must outlive the export.
  Bus& bus;
  std::vector<std::string> brokers;
  Options connection;
};

class TraceExport {
 public:
  /// Throws std::runtime_error where a header needs an environment variable that is not set.
  TraceExport(const config::Traces& settings, TraceParts parts);
  ~TraceExport();
  TraceExport(const TraceExport&) = delete;
  TraceExport& operator=(const TraceExport&) = delete;

  /// Any thread.
  [[nodiscard]] TraceCounts counts() const;

 private:
  void run(const std::stop_token& stop);
  void tell_trouble();
  [[nodiscard]] outward::Answer post(const std::string& body) const;

  const config::Traces settings_;
  const config::HttpHeaders headers_;
  EventTexts events_;
  StreamJournal journal_;
  FlowSpans spans_;
  TraceDesk desk_;
  Stream stream_;
  mutable std::mutex mutex_;
  TraceCounts counts_;  // under mutex_
  bool in_trouble_ = false;
  std::stop_source hurry_;
  std::jthread thread_;
};

}  // namespace reel::gateway
