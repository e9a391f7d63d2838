#include "shop/demo/witness.h"

#include <algorithm>
#include <stdexcept>

namespace shop::demo {

namespace {

using namespace std::chrono_literals;
using reel::v1::Reply;
using reel::v1::Request;

/// A board that stands still this long looks broken; the next look asks again.
constexpr auto answer_timeout = 1s;
constexpr std::uint32_t page_flows = 500;

}  // namespace

Witness::Witness(const std::string& tracker, const std::string& live)
    : tracker_{tracker, answer_timeout}, tap_{{.patterns = {"order.cancelled"}, .endpoint = live}} {}

bool Witness::ready() {
  try {
    Request request;
    request.mutable_summary();
    return tracker_.ask(request).error().empty();
  } catch (const reel::NotReachable&) {
    return false;
  }
}

bool Witness::look(View& view) {
  count_cancelled();
  try {
    Request request;
    request.mutable_summary();
    const Reply told = tracker_.ask(request);
    Request overdue;
    overdue.mutable_flows()->add_states(reel::v1::FLOW_STATE_OVERDUE);
    overdue.mutable_flows()->set_limit(overdue_rows_max);
    const Reply late = tracker_.ask(overdue);

    const auto& summary = told.summary();
    flows_ = summary.flows();
    view.open = summary.open();
    view.overdue = summary.overdue();
    view.declined = std::min(cancelled_, summary.completed());
    view.completed = summary.completed() - view.declined;
    view.rows.clear();
    for (const auto& flow : late.flows().flows()) {
      for (auto& row : rows_of(flow, late.flows().watermark())) view.rows.push_back(std::move(row));
    }
    return true;
  } catch (const reel::NotReachable&) {
    return false;
  }
}

std::vector<reel::v1::FlowSummary> Witness::all_flows() {
  std::vector<reel::v1::FlowSummary> flows;
  Request request;
  request.mutable_flows()->set_limit(page_flows);
  do {
    const Reply reply = tracker_.ask(request);
    if (!reply.error().empty()) throw std::runtime_error{"the tracker says: " + reply.error()};
    flows.insert(flows.end(), reply.flows().flows().begin(), reply.flows().flows().end());
    request.mutable_flows()->set_after(reply.flows().next());
  } while (!request.flows().after().empty());
  return flows;
}

void Witness::count_cancelled() {
  while (true) {
    const auto batch = tap_.next(0ms);
    if (batch.kind != reel::StreamBatch::Kind::events) return;
    cancelled_ += batch.events.size();
  }
}

}  // namespace shop::demo
