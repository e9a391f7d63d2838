// traces: where flows go as OpenTelemetry traces.
//
//   traces: {otlp: "http://127.0.0.1:4318/v1/traces", headers: {Authorization: "Bearer ${OTLP_TOKEN}"}}
#include "config/sections.h"

namespace reel::config {

using namespace std::chrono_literals;

void read_traces(Section& root, Loading& loading) {
  auto& traces = loading.model.traces;
  auto section = root.section("traces");
  if (const auto otlp = section.find("otlp")) read_url(*otlp, traces.url);
  read_headers(section, traces.headers);
  section.read_share("sample", traces.sample);
  section.read_duration("settle", traces.settle, between(0ms, 10min));
  section.read_duration("timeout", traces.timeout, between(100ms, 5min));
  section.read_duration("retry_for", traces.retry_for, between(0ms, 1h));
  section.read_count("flows_waiting_max", traces.flows_waiting_max, {1, 1'000'000});
  if (traces.url.empty())
    section.refuse_beside({"headers", "sample", "settle", "timeout", "retry_for", "flows_waiting_max"},
                          "is for 'otlp': the URL that traces are sent to");
}

}  // namespace reel::config
