#include "cli/load/load_text.h"

#include <spdlog/fmt/fmt.h>

#include "cli/progress.h"
#include "cli/terminal.h"

namespace reel::cli {
namespace {

std::uint64_t events_per_s(std::uint64_t events, std::chrono::nanoseconds time) {
  if (time.count() <= 0) return 0;
  return static_cast<std::uint64_t>(static_cast<double>(events) * 1e9 / static_cast<double>(time.count()));
}

std::string percentiles_text(const LatencyBuckets& latencies) {
  return fmt::format("p50 {}  p99 {}  p99.9 {}", latency_text(latencies.percentile(50)),
                     latency_text(latencies.percentile(99)), latency_text(latencies.percentile(99.9)));
}

nlohmann::ordered_json percentiles_json(const LatencyBuckets& latencies) {
  const auto us = [&](double percent) { return static_cast<double>(latencies.percentile(percent)) / 1e3; };
  return {{"p50_us", us(50)}, {"p99_us", us(99)}, {"p99.9_us", us(99.9)}};
}

}  // namespace

std::string latency_text(std::uint64_t ns) {
  const auto value = static_cast<double>(ns);
  if (ns < 1'000'000) return fmt::format("{:.0f} µs", value / 1e3);
  if (ns < 10'000'000) return fmt::format("{:.1f} ms", value / 1e6);
  if (ns < 1'000'000'000) return fmt::format("{:.0f} ms", value / 1e6);
  return fmt::format("{:.1f} s", value / 1e9);
}

std::vector<std::string> load_lines(const LoadResult& result) {
  std::vector<std::string> lines{
      fmt::format("{} published at {}/s, {} arrived at {}/s", count_text(result.accepted),
                  count_text(events_per_s(result.accepted, result.publishing)), count_text(result.arrived),
                  count_text(events_per_s(result.arrived, result.arriving))),
      "accepted  " + percentiles_text(result.to_accepted),
      "arrived   " + percentiles_text(result.to_arrived)};
  if (result.refused > 0)
    lines.push_back(fmt::format("{} refused: {}", count_text(result.refused), shown(result.refusal)));
  lines.push_back(result.whole()
                      ? "nothing lost, repeated or out of order"
                      : fmt::format("{} lost, {} repeated, {} out of order", count_text(result.lost()),
                                    count_text(result.repeated), count_text(result.skipped)));
  return lines;
}

nlohmann::ordered_json load_json(const LoadResult& result) {
  return {{"published", result.accepted},
          {"published_per_s", events_per_s(result.accepted, result.publishing)},
          {"arrived", result.arrived},
          {"arrived_per_s", events_per_s(result.arrived, result.arriving)},
          {"to_accepted", percentiles_json(result.to_accepted)},
          {"to_arrived", percentiles_json(result.to_arrived)},
          {"refused", result.refused},
          {"lost", result.lost()},
          {"repeated", result.repeated},
          {"out_of_order", result.skipped}};
}

}  // namespace reel::cli
