#include "claims.h"

#include <algorithm>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "blows.h"
#include "event/system_topics.h"

namespace reel::test {
namespace {

constexpr std::size_t shown_per_kind = 5;

/// What the log says of one order.
struct Flow {
  Order order;
  std::uint64_t placed_at = 0;  ///< log times; 0: not in the log
  std::uint64_t captured_at = 0;
  std::string placed_id;
  std::uint32_t steps = 0;
  std::map<std::string, int> verdicts;  ///< topic -> how many
};

std::map<std::string, Flow> flows_in(const std::vector<Logged>& log) {
  std::map<std::string, Flow> flows;
  for (const auto& event : log) {
    const auto order = Order::named(event.correlationid);
    if (!order) continue;
    auto& flow = flows[event.correlationid];
    flow.order = *order;
    const bool letter = event.topic == dead_letter_topic;  // a step of the flow in which it died
    if (event.topic.starts_with("reel.") && !letter) {
      ++flow.verdicts[event.topic];
      continue;
    }
    ++flow.steps;
    if (event.topic == placed_topic) {
      flow.placed_at = event.log_time;
      flow.placed_id = event.id;
    }
    if (event.topic == captured_topic) flow.captured_at = event.log_time;
  }
  return flows;
}

std::uint64_t deadline_of(const Flow& flow) {
  return flow.placed_at + static_cast<std::uint64_t>(follow_up_within.count()) * 1'000'000;
}

bool is_late(const Flow& flow) {
  return flow.captured_at == 0 || flow.captured_at > deadline_of(flow);
}

}  // namespace

void Findings::add(const std::string& kind, const std::string& what) {
  auto& entry = kinds_[kind];
  if (++entry.count <= shown_per_kind) entry.first.push_back(what);
}

std::string Findings::text() const {
  std::string text;
  for (const auto& [kind, entry] : kinds_) {
    text += "  " + kind + " (" + std::to_string(entry.count) + "):";
    for (const auto& one : entry.first) text += " " + one + ";";
    text += "\n";
  }
  return text;
}

void check_orders(const std::vector<Accepted>& accepted, const std::vector<Logged>& log, Findings& findings) {
  std::unordered_map<std::string, std::uint64_t> offset_of;
  std::map<std::uint32_t, std::uint64_t> last_number;
  std::map<std::uint32_t, std::uint64_t> last_captured;
  std::set<std::string> orders;
  std::map<std::string, int> captured, archived;
  std::uint64_t last_offset = 0;
  for (const auto& event : log) {
    if (event.offset <= last_offset) findings.add("out of offset order", std::to_string(event.offset));
    last_offset = event.offset;
    if (!offset_of.emplace(event.id, event.offset).second) {
      findings.add("doubled id", event.topic + " " + event.id + " at " + std::to_string(event.offset));
    }
    const auto order = Order::named(event.correlationid);
    if (!order) {
      findings.add("foreign event", event.topic + " " + event.id);
      continue;
    }
    if (event.topic == placed_topic) {
      auto& last = last_number[order->key];
      if (order->number <= last) findings.add("order of a key broken or doubled", order->name());
      if (has_chosen_id(*order) && order->number != last + 1) findings.add("gap before order", order->name());
      last = order->number;
      orders.insert(event.id);
    } else if (event.topic == captured_topic) {
      auto& last = last_captured[order->key];
      if (order->number <= last) findings.add("follow-up out of order or doubled", order->name());
      last = order->number;
      ++captured[event.causationid];
      if (is_dropped(*order)) findings.add("follow-up of a dropped order", order->name());
    } else if (event.topic == archived_topic) {
      ++archived[event.causationid];
    }
  }
  for (const auto& one : accepted) {
    const auto found = offset_of.find(one.id);
    if (found == offset_of.end()) {
      findings.add("accepted order lost", one.order.name() + " at " + std::to_string(one.offset));
    } else if (found->second != one.offset) {
      findings.add("accepted under another offset", one.order.name() + " told " + std::to_string(one.offset) +
                                                        " stands at " + std::to_string(found->second));
    }
  }
  for (const auto& event : log) {
    if (event.topic != placed_topic) continue;
    const auto order = Order::named(event.correlationid);
    if (!order) continue;
    if (!is_dropped(*order) && captured[event.id] != 1) {
      findings.add("not exactly one follow-up", order->name() + ": " + std::to_string(captured[event.id]));
    }
    if (archived[event.id] != 1) {
      findings.add("not exactly one derived event",
                   order->name() + ": " + std::to_string(archived[event.id]));
    }
  }
}

void check_handling(const std::vector<Handled>& handled, const std::vector<Logged>& log, Findings& findings) {
  std::unordered_map<std::string, std::size_t> place_of;  // of an order among those of its key, from 1
  std::map<std::uint32_t, std::size_t> count;
  for (const auto& event : log) {
    const auto order = Order::named(event.correlationid);
    if (order && event.topic == placed_topic) place_of.emplace(event.id, ++count[order->key]);
  }
  std::unordered_set<std::string> ids;
  std::map<std::uint32_t, std::size_t> last;
  for (const auto& one : handled) {
    ids.insert(one.id);
    const auto place = place_of.find(one.id);
    if (place == place_of.end()) {
      findings.add("handled, but not in the log", one.order.name());
      continue;
    }
    // Steps back are repeats; a step over one is not.
    if (place->second > last[one.order.key] + 1) findings.add("handled before its turn", one.order.name());
    last[one.order.key] = std::max(last[one.order.key], place->second);
  }
  for (const auto& event : log) {
    if (event.topic == placed_topic && !ids.contains(event.id)) {
      findings.add("order never handled", event.correlationid);
    }
  }
}

void check_verdicts(const std::vector<Logged>& log, Findings& findings) {
  for (auto& [name, flow] : flows_in(log)) {
    const bool follows = flow.captured_at != 0;
    const std::map<std::string, int> expected{{"reel.flow.overdue", is_late(flow) ? 1 : 0},
                                              {"reel.flow.resolved", follows && is_late(flow) ? 1 : 0},
                                              {"reel.flow.completed", follows ? 1 : 0}};
    for (const auto& [topic, count] : expected) {
      const int got = flow.verdicts[topic];
      if (got == count) continue;
      findings.add(topic + (got > count ? " too much" : " missing"),
                   name + " has " + std::to_string(got) + ", placed " + std::to_string(flow.placed_at) +
                       ", captured " + std::to_string(flow.captured_at));
    }
  }
}

void check_tracker(const Tracked& tracked, const std::vector<Logged>& log, Findings& findings) {
  const auto flows = flows_in(log);
  std::uint64_t overdue = 0;
  for (const auto& [name, flow] : flows) {
    const auto state = flow.captured_at == 0 ? v1::FLOW_STATE_OVERDUE : v1::FLOW_STATE_COMPLETED;
    overdue += state == v1::FLOW_STATE_OVERDUE ? 1 : 0;
    const auto found = tracked.flows.find(name);
    if (found == tracked.flows.end()) {
      findings.add("flow unknown to the tracker", name);
      continue;
    }
    if (found->second.state != state) {
      findings.add("flow in another state", name + ": " + v1::FlowState_Name(found->second.state));
    }
    if (found->second.events != flow.steps) {
      findings.add("flow with other steps",
                   name + ": " + std::to_string(found->second.events) + " of " + std::to_string(flow.steps));
    }
  }
  const auto demand = [&](const char* what, std::uint64_t got, std::uint64_t wanted) {
    if (got == wanted) return;
    findings.add("summary",
                 std::string{what} + " " + std::to_string(got) + ", not " + std::to_string(wanted));
  };
  demand("flows", tracked.summary.flows(), flows.size());
  demand("overdue", tracked.summary.overdue(), overdue);
  demand("completed", tracked.summary.completed(), flows.size() - overdue);
  demand("open", tracked.summary.open(), 0);
  demand("untracked", tracked.summary.untracked(), 0);
}

void check_audit(const Ran& verified, Findings& findings) {
  if (verified.exit_code != 0) findings.add("reel verify", verified.out + verified.err);
}

Figures figures_of(const std::vector<Logged>& log) {
  Figures figures;
  for (const auto& event : log) {
    figures.orders += event.topic == placed_topic ? 1 : 0;
    figures.follow_ups += event.topic == captured_topic ? 1 : 0;
    figures.overdue += event.topic == "reel.flow.overdue" ? 1 : 0;
    figures.resolved += event.topic == "reel.flow.resolved" ? 1 : 0;
  }
  return figures;
}

}  // namespace reel::test
