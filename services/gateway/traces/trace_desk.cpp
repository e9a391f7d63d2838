#include "gateway/traces/trace_desk.h"

#include <algorithm>
#include <array>
#include <utility>

#include "event/uuid.h"
#include "reel/query.h"
#include "story/otlp.h"

namespace reel::gateway {
namespace {

using namespace std::chrono_literals;

/// How soon flows that could not be read are asked for again, and how soon the queue is looked at.
constexpr auto ask_again = 1s;
constexpr auto look_interval = 100ms;

// What tells of a flow that went as it should. All others tell of trouble, or of its end.
constexpr std::string_view ordinary_topic = "reel.flow.completed";

}  // namespace

bool in_sample(double share, std::string_view flow) {
  // 53 bits fill a double's mantissa exactly, so the fraction is below 1: a share of 100% leaves none out.
  return static_cast<double>(hash_128({"trace-sample", flow}).high >> 11) * 0x1p-53 < share;
}

TraceDesk::TraceDesk(const config::Traces& settings, TraceWorld world)
    : settings_{settings}, world_{std::move(world)}, queue_{settings.flows_waiting_max, settings.settle} {}

void TraceDesk::said(std::string_view topic, std::string_view flow, Time now) {
  if (topic == ordinary_topic && !in_sample(settings_.sample, flow)) return;
  queue_.changed(flow, now);
}

TraceDesk::Time TraceDesk::turn(Time now) {
  if (!request_ && now >= not_before_) gather(now);
  if (request_ && now >= request_->due()) send(now);
  return request_ ? std::max(now, request_->due()) : std::max(now + look_interval, not_before_);
}

void TraceDesk::gather(Time now) {
  std::string body{story::otlp_begin};
  std::size_t flows = 0;
  while (flows < trace_flows_max && body.size() < trace_bytes_enough) {
    auto id = queue_.take(now);
    if (!id) break;
    try {
      if (add(body, *id)) ++flows;
    } catch (const NotReachable& silent) {
      trouble_ = silent.what();
      queue_.put_back(*std::move(id), now);
      not_before_ = now + ask_again;
      break;
    }
  }
  if (flows == 0) return;
  body += story::otlp_end;
  request_.emplace(std::move(body), flows, settings_.retry_for, now);
}

// A flow that cannot be read leaves the body as it was.
bool TraceDesk::add(std::string& body, const std::string& id) {
  const auto before = body.size();
  if (before > story::otlp_begin.size()) body += ',';
  try {
    if (world_.write(id, [&](std::string_view part) { body += part; })) return true;
  } catch (...) {
    body.resize(before);
    throw;
  }
  body.resize(before);
  ++counts_.unknown;
  return false;
}

void TraceDesk::send(Time now) {
  const auto answer = world_.send(request_->body());
  const auto outcome = request_->answered(answer, now);
  trouble_ = answer.ok() ? "" : answer.sentence();
  if (!answer.ok()) ++counts_.requests_failed;
  switch (outcome) {
    case TraceRequest::Outcome::again: return;
    case TraceRequest::Outcome::taken:
      counts_.exported += request_->flows();
      counts_.spans_rejected += rejected_spans(answer.body);
      break;
    case TraceRequest::Outcome::refused: counts_.refused += request_->flows(); break;
    case TraceRequest::Outcome::given_up: counts_.given_up += request_->flows(); break;
  }
  request_.reset();
}

TraceCounts TraceDesk::counts() const {
  TraceCounts counts = counts_;
  counts.waiting = queue_.size() + (request_ ? request_->flows() : 0);
  counts.crowded_out = queue_.crowded_out();
  return counts;
}

}  // namespace reel::gateway
