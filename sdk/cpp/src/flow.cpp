// reel::Flows: one question to the tracker, which answers when the flow has come so far, and then the pages
// of the flow that did not fit the answer.
#include "reel/flow.h"

#include <algorithm>
#include <utility>

#include "identity.h"

namespace reel {
namespace {

constexpr std::chrono::milliseconds wait_most = std::chrono::minutes{10};
/// Beyond the wait itself: what an answer may take.
constexpr std::chrono::milliseconds answer_patience = std::chrono::seconds{3};

FlowOutcome outcome_of(v1::WaitReply::Outcome outcome) {
  switch (outcome) {
    case v1::WaitReply::OUTCOME_SETTLED: return FlowOutcome::settled;
    case v1::WaitReply::OUTCOME_COMPLETED: return FlowOutcome::completed;
    case v1::WaitReply::OUTCOME_TIMED_OUT: return FlowOutcome::timed_out;
    case v1::WaitReply::OUTCOME_IMPOSSIBLE: return FlowOutcome::impossible;
    case v1::WaitReply::OUTCOME_UNTRACKED: return FlowOutcome::untracked;
    default: return FlowOutcome::unknown;
  }
}

// The steps behind the first page. A flow that goes on meanwhile may grow: what is there when the last page
// comes is what is told.
void read_on(const Flows::Ask& ask, v1::FlowReply& flow) {
  while (flow.next() != 0) {
    v1::Request request;
    request.mutable_flow()->set_correlationid(flow.summary().correlationid());
    request.mutable_flow()->set_after(flow.next());
    v1::Reply reply = ask(request, answer_patience);
    if (!reply.error().empty() || reply.flow().next() == flow.next()) return;
    auto& page = *reply.mutable_flow();
    for (auto& step : *page.mutable_steps()) *flow.add_steps() = std::move(step);
    *flow.mutable_summary() = std::move(*page.mutable_summary());
    *flow.mutable_expectations() = std::move(*page.mutable_expectations());
    flow.set_next(page.next());
    flow.set_watermark(page.watermark());
  }
}

FlowResult not_known(std::string why) {
  FlowResult result;
  result.text = std::move(why);
  return result;
}

}  // namespace

std::string_view to_string(FlowOutcome outcome) {
  switch (outcome) {
    case FlowOutcome::settled: return "settled";
    case FlowOutcome::completed: return "completed";
    case FlowOutcome::untracked: return "untracked";
    case FlowOutcome::impossible: return "impossible";
    case FlowOutcome::timed_out: return "timed_out";
    case FlowOutcome::not_published: return "not_published";
    case FlowOutcome::unknown: return "unknown";
  }
  return "unknown";
}

bool FlowResult::ok() const {
  const bool came = outcome == FlowOutcome::settled || outcome == FlowOutcome::completed ||
                    outcome == FlowOutcome::untracked;
  return came && dead.empty() && flow.summary().overdue().empty();
}

v1::Request wait_request(const std::string& correlationid, const FlowWait& wait, std::uint64_t offset) {
  v1::Request request;
  auto& ask = *request.mutable_wait();
  ask.set_correlationid(correlationid);
  ask.set_until(wait.until == WaitFor::completed ? v1::WaitRequest::UNTIL_COMPLETED
                                                 : v1::WaitRequest::UNTIL_SETTLED);
  ask.set_timeout_ms(
      static_cast<std::uint32_t>(std::clamp(wait.timeout, std::chrono::milliseconds{0}, wait_most).count()));
  ask.set_offset(offset);
  return request;
}

FlowResult flow_result(v1::WaitReply reply) {
  FlowResult result;
  result.outcome = outcome_of(reply.outcome());
  result.pending.assign(reply.pending().begin(), reply.pending().end());
  result.dead.assign(reply.dead().begin(), reply.dead().end());
  result.delayed = reply.delayed();
  result.flow = std::move(*reply.mutable_flow());
  return result;
}

Flows::Flows(std::string tracker)
    : ask_{[tracker](const v1::Request& request, std::chrono::milliseconds patience) {
        return QueryClient{tracker, patience}.ask(request);
      }} {
  sdk::check_endpoint(tracker);
}

FlowResult Flows::wait_for_flow(const std::string& correlationid, const FlowWait& wait,
                                std::uint64_t offset) const try {
  const auto request = wait_request(correlationid, wait, offset);
  v1::Reply reply = ask_(request, std::chrono::milliseconds{request.wait().timeout_ms()} + answer_patience);
  if (!reply.error().empty()) return not_known(reply.error());
  FlowResult result = flow_result(std::move(*reply.mutable_wait()));
  read_on(ask_, result.flow);
  return result;
} catch (const NotReachable& error) {
  return not_known(error.what());
}

FlowResult Flows::wait_after(PublishResult published, bool chosen_flow, const FlowWait& wait) const {
  FlowResult result;
  if (!published.ok()) {
    result.outcome = FlowOutcome::not_published;
    result.text =
        std::string{to_string(published.outcome)} + (published.text.empty() ? "" : ": ") + published.text;
  } else if (published.outcome == PublishOutcome::duplicate && !chosen_flow) {
    result.text =
        "the event was published before, and only the broker knows its flow: give its correlationid along";
  } else {
    // One that waits for its time has another place when it is handed over.
    result = wait_for_flow(published.correlationid, wait, published.delayed ? 0 : published.offset);
  }
  result.published = std::move(published);
  return result;
}

FlowResult Flows::publish_and_wait(Publisher& publisher, std::string_view topic,
                                   const google::protobuf::Message& event, const FlowWait& wait,
                                   const PublishFields& fields) const {
  return wait_after(publisher.publish(topic, event, fields), fields.correlationid.has_value(), wait);
}

FlowResult Flows::publish_and_wait(Publisher& publisher, const Outgoing& event, const FlowWait& wait) const {
  return wait_after(publisher.publish(event), event.correlationid.has_value(), wait);
}

}  // namespace reel
