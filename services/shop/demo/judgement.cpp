#include "shop/demo/judgement.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace shop::demo {

namespace {

using reel::v1::Expectation;
using reel::v1::FlowSummary;

bool was_cancelled(const FlowSummary& flow) {
  return flow.last_topic() == "order.cancelled" ||
         std::find(flow.ends().begin(), flow.ends().end(), "order.cancelled") != flow.ends().end();
}

std::string overdue_text(const FlowSummary& flow) {
  std::string text;
  for (const Expectation& expectation : flow.overdue()) {
    text += fmt::format("{}{} from {}", text.empty() ? "" : ", ", missing_text(expectation),
                        expectation.owner().empty() ? "nobody in particular" : expectation.owner());
  }
  return text.empty() ? "something" : text;
}

/// Counts the flow, and says what is odd about it.
std::string judge_flow(const FlowSummary& flow, const Drops& drops, Tally& tally) {
  const auto drop = drops.find(flow.correlationid());
  const bool dropped = drop != drops.end();
  switch (flow.state()) {
    case reel::v1::FLOW_STATE_OVERDUE:
      ++tally.overdue;
      if (!dropped) {
        return fmt::format("{} waits for {}, though nothing was dropped", flow.correlationid(),
                           overdue_text(flow));
      }
      return {};
    case reel::v1::FLOW_STATE_COMPLETED:
      ++(was_cancelled(flow) ? tally.declined : tally.completed);
      if (dropped) {
        return fmt::format("{} counts as completed, though its {} was dropped", flow.correlationid(),
                           drop->second);
      }
      return {};
    default: return fmt::format("{} is still open, last seen at {}", flow.correlationid(), flow.last_topic());
  }
}

}  // namespace

Judgement judge(std::uint64_t orders, const std::vector<FlowSummary>& flows, const Drops& drops) {
  Judgement judgement;
  judgement.tally.orders = orders;
  judgement.tally.dropped = drops.size();
  Drops unseen = drops;
  std::uint64_t seen = 0;
  for (const FlowSummary& flow : flows) {
    unseen.erase(flow.correlationid());
    if (flow.first_topic() != "order.placed") continue;  // somebody's own, published beside the demo
    ++seen;
    std::string doubt = judge_flow(flow, drops, judgement.tally);
    if (!doubt.empty()) judgement.doubts.push_back(std::move(doubt));
  }
  for (const auto& [flow, topic] : unseen) {
    judgement.doubts.push_back(
        fmt::format("{} lost its {}, and the tracker has never heard of it", flow, topic));
  }
  if (seen != orders)
    judgement.doubts.push_back(fmt::format("{} orders were placed, the tracker saw {}", orders, seen));
  if (drops.empty())
    judgement.doubts.emplace_back("nothing was dropped, so nothing was shown (more --orders?)");
  return judgement;
}

std::string to_json(const Tally& tally) {
  return fmt::format(R"({{"orders":{},"completed":{},"declined":{},"overdue":{},"dropped":{}}})",
                     tally.orders, tally.completed, tally.declined, tally.overdue, tally.dropped);
}

std::string missing_text(const Expectation& expectation) {
  const auto& topics = expectation.missing().empty() ? expectation.expected() : expectation.missing();
  return fmt::format("{}", fmt::join(topics, expectation.any_of() ? " or " : " and "));
}

}  // namespace shop::demo
