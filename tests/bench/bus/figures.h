// What a run measured, by name; units stand last in a name, CPU is user and system seconds per million
// events.
//
//   events_per_s  p50_us p99_us p999_us  cpu_broker cpu_senders cpu_receivers cpu_tracker cpu broker_peak_mib
//   tracker_behind_s: after the last ack, until the tracker has judged every event
//   caught_up_per_s: as events_per_s, but until then
//
// and the medians of several runs.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace reel::bench {

using Figures = std::map<std::string, double>;

/// One figure over the runs.
struct Spread {
  double median = 0;
  double min = 0;
  double max = 0;
};

/// Nothing but zeros where no run has that figure.
[[nodiscard]] Spread spread_of(const std::vector<Figures>& runs, std::string_view figure);

/// Whether more of it is better.
[[nodiscard]] bool more_is_better(std::string_view figure);

}  // namespace reel::bench
