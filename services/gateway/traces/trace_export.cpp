#include "gateway/traces/trace_export.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace reel::gateway {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// How long one flow's deliveries may take to read: of one with a dead letter all that came since is looked
/// through. Its events alone are a trace too.
constexpr auto read_max = 3s;
/// Waiting for news at a time: a stop is noticed, and what is due, within it.
constexpr auto longest_look = 200ms;
constexpr std::uint32_t credit_events = 4'096;

StreamOptions verdicts(Options connection) {
  StreamOptions options;
  options.service = "gateway-traces";
  options.patterns = {"reel.flow.completed", "reel.flow.overdue",    "reel.flow.resolved",
                      "reel.flow.violated",  "reel.flow.impossible", "reel.flow.waived"};
  options.start = Start::newest();
  options.envelope_only = true;
  options.ephemeral = true;
  options.credit_events = credit_events;
  options.connection = std::move(connection);
  return options;
}

}  // namespace

TraceExport::TraceExport(const config::Traces& settings, TraceParts parts)
    : settings_{settings},
      headers_{config::expanded(settings.headers)},
      events_{parts.bus},
      journal_{{.brokers = std::move(parts.brokers), .time_max = read_max}},
      spans_{parts.bus, journal_, events_},
      desk_{settings,
            {.write = [this](const std::string& id, const story::Sink& out) { return spans_.write(id, out); },
             .send = [this](const std::string& body) { return post(body); }}},
      stream_{verdicts(std::move(parts.connection))},
      thread_{[this](const std::stop_token& stop) { run(stop); }} {}

TraceExport::~TraceExport() {
  thread_.request_stop();
  hurry_.request_stop();
  stream_.stop();
  thread_.join();
}

TraceCounts TraceExport::counts() const {
  const std::lock_guard lock{mutex_};
  return counts_;
}

void TraceExport::run(const std::stop_token& stop) {
  auto next = Clock::now();
  while (!stop.stop_requested()) {
    const auto wait = std::clamp<Clock::duration>(next - Clock::now(), 0ms, longest_look);
    const auto batch = stream_.next(std::chrono::ceil<std::chrono::milliseconds>(wait));
    if (batch.kind == StreamBatch::Kind::stopped) return;
    if (batch.kind == StreamBatch::Kind::refused) {
      spdlog::error("traces_refused error={}", batch.text);
      return;
    }
    const auto now = Clock::now();
    for (const auto& event : batch.events) desk_.said(event.topic, event.correlationid, now);
    stream_.ack_all();
    if (now >= next) next = desk_.turn(now);
    tell_trouble();
    const std::lock_guard lock{mutex_};
    counts_ = desk_.counts();
  }
}

// Where traces begin to fail, and where they go out again.
void TraceExport::tell_trouble() {
  const bool in_trouble = !desk_.trouble().empty();
  if (in_trouble == in_trouble_) return;
  in_trouble_ = in_trouble;
  if (in_trouble) {
    spdlog::warn("traces_failing error={}", desk_.trouble());
  } else {
    spdlog::info("traces_well_again");
  }
}

outward::Answer TraceExport::post(const std::string& body) const {
  return outward::post(
      {.url = settings_.url, .body = body, .headers = headers_, .user_agent = "reel-gateway"},
      {.timeout = settings_.timeout}, hurry_.get_token());
}

}  // namespace reel::gateway
