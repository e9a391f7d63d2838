#include "cli/flow/flow_at.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <optional>
#include <unordered_set>

#include "cli/duration_text.h"
#include "cli/flow_tree.h"
#include "cli/invocation.h"

namespace reel::cli {
namespace {

constexpr std::uint64_t second_ns = 1'000'000'000;

/// "12:03", "12:03:10", "12:03:10.25": of the local day that `near` is in.
std::optional<std::uint64_t> time_of_day(const std::string& text, std::uint64_t near) {
  int hours = 0;
  int minutes = 0;
  double seconds = 0;
  int used = 0;
  const auto whole = [&] { return used == static_cast<int>(text.size()); };
  const bool read =
      (std::sscanf(text.c_str(), "%2d:%2d%n", &hours, &minutes, &used) == 2 && whole()) ||
      (std::sscanf(text.c_str(), "%2d:%2d:%12lf%n", &hours, &minutes, &seconds, &used) == 3 && whole());
  if (!read || hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || !(seconds >= 0 && seconds < 60))
    return std::nullopt;
  const auto day = static_cast<std::time_t>(near / second_ns);
  std::tm parts{};
  localtime_r(&day, &parts);
  parts.tm_hour = hours;
  parts.tm_min = minutes;
  parts.tm_sec = 0;
  parts.tm_isdst = -1;
  const auto at = static_cast<std::uint64_t>(std::mktime(&parts)) * second_ns +
                  static_cast<std::uint64_t>(seconds * static_cast<double>(second_ns));
  if (at + second_ns > near) return at;
  ++parts.tm_mday;  // before the flow began: the day after is meant
  parts.tm_isdst = -1;
  return static_cast<std::uint64_t>(std::mktime(&parts)) * second_ns +
         static_cast<std::uint64_t>(seconds * static_cast<double>(second_ns));
}

/// How much of a count had come: as many of its events as there were by then. Which of them counted is not
/// told
/// (`where`, `each`), but no more did than do now.
void rewind_count(v1::Expectation& expectation, const v1::FlowReply& flow) {
  if (expectation.needed() == 0 && expectation.at_most() == 0) return;
  const auto& expected = expectation.expected();
  std::uint32_t came = 0;
  for (const auto& step : flow.steps()) {
    if (step.offset() <= expectation.after_offset()) continue;
    came += std::find(expected.begin(), expected.end(), step.topic()) != expected.end() ? 1u : 0u;
  }
  expectation.set_seen(std::min(expectation.seen(), came));
}

void rewind_expectation(v1::Expectation& expectation, const v1::FlowReply& flow, std::uint64_t moment) {
  const bool settled = expectation.settled_at() != 0 && expectation.settled_at() <= moment;
  if (settled) return;
  expectation.set_settled_at(0);
  expectation.clear_missing();
  rewind_count(expectation, flow);
  // What must not come is never overdue.
  const bool forbids = expectation.never() || (expectation.at_most() != 0 && expectation.needed() == 0);
  // At exactly the deadline the awaited event would still be in time.
  const bool enough = expectation.at_most() != 0 && expectation.seen() >= expectation.needed();
  const bool overdue = !forbids && !enough && expectation.deadline() != 0 && expectation.deadline() < moment;
  expectation.set_verdict(overdue ? v1::VERDICT_OVERDUE : v1::VERDICT_WAITING);
  if (forbids || enough) return;
  std::unordered_set<std::string> seen;
  if (!expectation.any_of()) {
    for (const auto& step : flow.steps()) {
      if (step.offset() > expectation.after_offset()) seen.insert(step.topic());
    }
  }
  for (const std::string& topic : expectation.expected()) {
    if (!seen.contains(topic)) expectation.add_missing(topic);
  }
}

/// A definition with an end is completed by it; one without when nothing is owed, as it is when all has been
/// said.
v1::FlowState state_at(const v1::FlowReply& flow, bool all_said, bool ended) {
  const v1::FlowState final_state = flow.summary().state();
  if (all_said || flow.summary().definitions().empty()) return final_state;
  const auto any = [&](v1::Verdict verdict) {
    return std::any_of(flow.expectations().begin(), flow.expectations().end(), [&](const auto& expectation) {
      return expectation.verdict() == verdict && awaits(expectation);
    });
  };
  if (any(v1::VERDICT_OVERDUE)) return v1::FLOW_STATE_OVERDUE;
  if (any(v1::VERDICT_WAITING)) return v1::FLOW_STATE_OPEN;
  return ended ? v1::FLOW_STATE_COMPLETED : v1::FLOW_STATE_OPEN;
}

}  // namespace

std::uint64_t moment_of(const std::string& text, std::uint64_t started_at) {
  if (text.starts_with("+")) {
    if (const auto after = parse_duration(text.substr(1)))
      return started_at + static_cast<std::uint64_t>(after->count());
  }
  if (const auto at = time_of_day(text, started_at)) return *at;
  if (const auto at = parse_time(text)) return *at;
  if (const auto ago = parse_duration(text)) {
    const std::uint64_t now = unix_now();
    return now - std::min(now, static_cast<std::uint64_t>(ago->count()));
  }
  throw Failure{
      exit_code::usage,
      fmt::format("--at '{}' is not a time of day (12:03:10), a time (2026-03-01T10:00:00Z), how long "
                  "after the flow's begin (+2s) or how long ago (10m)",
                  shown(text))};
}

void rewind_flow(v1::FlowReply& flow, std::uint64_t moment) {
  auto& summary = *flow.mutable_summary();
  int left = 0;
  while (left < flow.steps_size() && flow.steps(left).recordedtime() <= moment) ++left;
  flow.mutable_steps()->DeleteSubrange(left, flow.steps_size() - left);

  bool all_said = summary.last_at() <= moment;
  auto& expectations = *flow.mutable_expectations();
  int kept = 0;
  for (int i = 0; i < expectations.size(); ++i) {
    if (expectations[i].armed_at() > moment) continue;
    const v1::Verdict before = expectations[i].verdict();
    rewind_expectation(expectations[i], flow, moment);
    all_said = all_said && expectations[i].verdict() == before;
    expectations.SwapElements(kept++, i);
  }
  expectations.DeleteSubrange(kept, expectations.size() - kept);

  std::unordered_set<std::string> topics;
  for (const auto& step : flow.steps()) topics.insert(step.topic());
  std::vector<std::string> ends;
  for (const std::string& end : summary.ends()) {
    if (topics.contains(end)) ends.push_back(end);
  }
  const bool ended = !ends.empty() && summary.state() == v1::FLOW_STATE_COMPLETED;
  summary.set_state(state_at(flow, all_said, ended));
  summary.mutable_ends()->Assign(ends.begin(), ends.end());
  summary.clear_overdue();
  for (const auto& expectation : flow.expectations()) {
    if (expectation.verdict() == v1::VERDICT_OVERDUE) *summary.add_overdue() = expectation;
  }
  summary.set_events(static_cast<std::uint32_t>(flow.steps_size()));
  if (flow.steps_size() > 0) {
    summary.set_last_at(flow.steps(flow.steps_size() - 1).recordedtime());
    summary.set_last_topic(flow.steps(flow.steps_size() - 1).topic());
  }
  flow.set_watermark(std::min(flow.watermark(), moment));
}

}  // namespace reel::cli
