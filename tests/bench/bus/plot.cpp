#include "plot.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "report.h"

namespace reel::bench {
namespace {

constexpr int width = 900;
constexpr int bars_from = 230;
constexpr int bars_width = 480;
constexpr int row = 20;

/// Names of entrants are our own: nothing in them has to be escaped.
std::string bar(const std::string& name, const Spread& spread, double largest, int y,
                const std::string& unit) {
  const auto at = [largest](double value) { return bars_from + value / largest * bars_width; };
  const bool ours = name.starts_with("reel");
  return fmt::format(
      "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n"
      "<rect x=\"{}\" y=\"{}\" width=\"{:.1f}\" height=\"{}\" fill=\"{}\"/>\n"
      "<line x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{}\" y2=\"{}\" stroke=\"#333\"/>\n"
      "<text x=\"{:.1f}\" y=\"{}\">{}{}</text>\n",
      bars_from - 8, y + 14, name, bars_from, y + 3, spread.median / largest * bars_width, row - 6,
      ours ? "#2a7" : "#9ab", at(spread.min), at(spread.max), y + row / 2, y + row / 2,
      at(std::max(spread.max, spread.median)) + 6, y + 14, thousands(spread.median), unit);
}

/// Rates, or where a rate was asked for the 99th percentile.
std::string bars(const Scenario& scenario, const Results& results, int& y) {
  std::string text;
  const auto measured =
      std::find_if(results.begin(), results.end(), [](const Outcome& each) { return !each.runs.empty(); });
  if (measured == results.end()) return text;
  const bool paced = measured->runs.front().contains("p99_us");
  const char* const figure = paced ? "p99_us" : "events_per_s";
  text += fmt::format("<text x=\"8\" y=\"{}\" font-weight=\"bold\">{}{}</text>\n", y + 14, scenario.name,
                      paced ? ", 99th percentile" : "");
  y += row;
  double largest = 1;
  for (const auto& [name, runs, failures] : results) largest = std::max(largest, spread_of(runs, figure).max);
  for (const auto& [name, runs, failures] : results) {
    if (runs.empty()) continue;
    text += bar(name, spread_of(runs, figure), largest, y, paced ? " µs" : "/s");
    y += row;
  }
  y += row / 2;
  return text;
}

}  // namespace

std::string plot(const AllResults& results) {
  int y = 10;
  std::string body;
  for (const auto& [scenario, entrants] : results) body += bars(scenario, entrants, y);
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
      "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"{0}\" height=\"{1}\" "
      "fill=\"white\"/>\n{2}</svg>\n",
      width, y + 10, body);
}

}  // namespace reel::bench
