#include "report.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <string_view>

namespace reel::bench {
namespace {

/// A rate where nobody said how fast to go, else the latencies.
std::string speed_text(const std::vector<Figures>& runs) {
  if (!runs.front().contains("p50_us")) {
    const Spread rate = spread_of(runs, "events_per_s");
    return fmt::format("{:>10}/s {:<25}", thousands(rate.median),
                       fmt::format("({} – {})", thousands(rate.min), thousands(rate.max)));
  }
  std::string text;
  for (const auto& [name, figure] : {std::pair{"p50", "p50_us"}, {"p99", "p99_us"}, {"p99.9", "p999_us"}}) {
    const Spread time = spread_of(runs, figure);
    text += fmt::format("{} {:>6} µs {:<16} ", name, thousands(time.median),
                        fmt::format("({} – {})", thousands(time.min), thousands(time.max)));
  }
  return text;
}

std::string cpu_text(const std::vector<Figures>& runs) {
  std::string text = fmt::format("  CPU s/M {:>6.2f} =", spread_of(runs, "cpu").median);
  for (const auto& [figure, value] : runs.front()) {
    if (figure.starts_with("cpu_"))
      text += fmt::format(" {} {:.2f}", figure.substr(4), spread_of(runs, figure).median);
  }
  return text;
}

/// Whatever else the runs say.
std::string rest_text(const std::vector<Figures>& runs) {
  std::string text;
  for (const auto& [figure, value] : runs.front()) {
    const bool told = figure.starts_with("cpu") || figure == "events_per_s" || figure.starts_with("p50") ||
                      figure.starts_with("p99");
    if (!told) text += fmt::format("  {} {:.4g}", figure, spread_of(runs, figure).median);
  }
  return text;
}

/// What the processes of a failed run have said stands below it, and in the JSON.
std::string_view first_line_of(std::string_view text) {
  return text.substr(0, text.find('\n'));
}

std::string goal_text(const Goal& goal, const Judgement& judgement) {
  const char* const mark = goal.factor == 0 ? "·" : judgement.reached ? "✓" : "✗";
  const char* const times = judgement.against.empty() ? "" : " ×";
  std::string text =
      fmt::format("  {} {}: {} is {:.2f}{}", mark, goal.entrant, goal.figure, judgement.ratio(), times);
  if (!judgement.against.empty()) text += " " + judgement.against;
  if (!goal.figure_of_others.empty()) text += "'s " + goal.figure_of_others;
  const char* const bound = more_is_better(goal.figure) ? "at least" : "at most";
  if (goal.factor != 0) text += fmt::format(" (wanted: {} {:.2f}{})", bound, goal.factor, times);
  return text + "\n";
}

}  // namespace

std::string thousands(double value) {
  std::string digits = fmt::format("{:.0f}", std::round(value));
  for (std::size_t at = digits.size(); at > 3; at -= 3) {
    if (digits[at - 4] != '-') digits.insert(at - 3, ",");
  }
  return digits;
}

std::string report(const Scenario& scenario, const Results& results) {
  std::string text = fmt::format("{}: {}\n", scenario.name, scenario.about);
  std::size_t width = 0;
  for (const auto& [name, runs, failures] : results) width = std::max(width, name.size());
  for (const auto& [name, runs, failures] : results) {
    if (!runs.empty())
      text +=
          fmt::format("  {:<{}}  {}{}{}\n", name, width, speed_text(runs), cpu_text(runs), rest_text(runs));
    for (const Failure& failure : failures)
      text += fmt::format("  {:<{}}  round {} failed: {}\n", name, width, failure.round,
                          first_line_of(failure.error));
  }
  for (const Goal& goal : scenario.goals) {
    const Judgement judgement = judge(goal, results);
    if (judgement.reference > 0) text += goal_text(goal, judgement);
  }
  return text;
}

}  // namespace reel::bench
