// /metrics: how the mesh and the gateway stand, in Prometheus' text format.
//
// Mesh figures are what broker and tracker say when they are asked, at each scrape: nothing is counted here
// that they count themselves, so a restart of the gateway changes none. Who does not answer is `reel_up 0`,
// and its other rows are missing, rather than old. Labels are names from the configuration (topics, services,
// definitions), never ids, and of each kind at most `labels_max` rows; the rest is added up as "other".
//
// Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "gateway/events/stream_counts.h"
#include "gateway/health/readiness.h"
#include "gateway/health/request_times.h"
#include "gateway/http/counts.h"
#include "gateway/traces/trace_counts.h"
#include "reel/publisher.h"

namespace reel::gateway {

inline constexpr std::size_t labels_max = 1'000;
/// Of a histogram, which has a row for each class. What is beyond is left out.
inline constexpr std::size_t histograms_max = 250;

struct Measured {
  // Asked of the broker and, last, of the tracker; answers of another version than ours may lack some.
  Heard status;
  Heard topics;
  Heard services;
  Heard service_times;
  Heard summary;
  Heard edge_times;
  // The gateway's own.
  RequestTimes::Rows requests;
  HttpCounts http;
  StreamCounts streams;
  PublisherCounts publishes;
  std::optional<TraceCounts> traces;  ///< nothing where they go nowhere
};

[[nodiscard]] std::string metrics_text(const Measured& measured);

}  // namespace reel::gateway
