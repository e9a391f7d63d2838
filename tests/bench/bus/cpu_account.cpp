#include "cpu_account.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

namespace reel::bench {
namespace {

constexpr std::string_view not_attributed = "not attributed";
/// So many of what could not be attributed are named, each with so many calls.
constexpr std::size_t unknown_shown = 8;
constexpr std::size_t unknown_calls_shown = 3;

/// A stage that takes less has no row.
constexpr double shown_ns_min = 0.5;

/// The order in which an event passes them.
constexpr std::string_view parts_in_order[] = {"senders", "broker", "receivers", "tracker"};

std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

/// "journal-write 4711/4712": a thread's name, its process and itself. Of process 0 where it is something
/// else.
Sample sample_of(std::string_view line) {
  line = trimmed(line);
  const auto ids = line.rfind(' ');
  if (ids == line.npos) return {};
  Sample sample{.thread = std::string{trimmed(line.substr(0, ids))}};
  (void)std::from_chars(line.data() + ids + 1, line.data() + line.size(), sample.process);
  return sample;
}

/// "  1f4601 reel::read_event (/opt/reel/bin/reel-broker)"
std::optional<Call> call_of(std::string_view line) {
  line = trimmed(line);
  const auto symbol = line.find(' ');
  const auto object = line.rfind(" (");
  if (symbol == line.npos || object == line.npos || object <= symbol || !line.ends_with(')')) return {};
  const std::string_view path = line.substr(object + 2, line.size() - object - 3);
  return Call{.symbol = std::string{line.substr(symbol + 1, object - symbol - 1)},
              .object = std::string{path.substr(path.rfind('/') + 1)}};
}

/// What stands in the list of those not attributed.
std::string text_of(const std::string& part, const Sample& sample) {
  std::string text = part + ", " + sample.thread + ":";
  for (std::size_t i = 0; i < std::min(sample.calls.size(), unknown_calls_shown); ++i)
    text += fmt::format("{} {} ({})", i == 0 ? "" : " <", sample.calls[i].symbol, sample.calls[i].object);
  return text;
}

/// The largest first.
std::vector<std::pair<std::string, std::uint64_t>> sorted(
    const std::map<std::string, std::uint64_t>& counts) {
  std::vector<std::pair<std::string, std::uint64_t>> rows{counts.begin(), counts.end()};
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& one, const auto& other) { return one.second > other.second; });
  return rows;
}

}  // namespace

void CpuAccount::add(std::string_view perf_script, const PartNames& parts) {
  Sample sample;
  const auto finish = [&] {
    const auto part = parts.find(sample.process);
    if (part != parts.end()) take(sample, part->second);
    sample = {};
  };
  while (!perf_script.empty()) {
    const auto end = std::min(perf_script.find('\n'), perf_script.size());
    const std::string_view line = perf_script.substr(0, end);
    perf_script.remove_prefix(std::min(end + 1, perf_script.size()));
    if (trimmed(line).empty()) {
      finish();
    } else if (sample.process == 0) {
      sample = sample_of(line);
    } else if (auto call = call_of(line)) {
      sample.calls.push_back(std::move(*call));
    }
  }
  finish();
}

void CpuAccount::take(const Sample& sample, const std::string& name) {
  const std::string_view stage = stage_of(name, sample);
  Part& part = accounts_[name];
  ++part.samples;
  ++part.of_stage[std::string{stage.empty() ? not_attributed : stage}];
  if (stage.empty()) ++unknown_[text_of(name, sample)];
}

std::uint64_t CpuAccount::samples() const {
  std::uint64_t sum = 0;
  for (const auto& [name, part] : accounts_) sum += part.samples;
  return sum;
}

std::string CpuAccount::table(const AccountScale& scale) const {
  const double all = static_cast<double>(samples());
  const auto ns_of = [&](std::uint64_t samples) {
    return static_cast<double>(samples) * scale.sample_ns / static_cast<double>(scale.events);
  };
  const auto row = [&](std::string_view part, std::string_view stage, std::uint64_t samples) {
    const double ns = ns_of(samples);
    const double share = 100.0 * static_cast<double>(samples) / all;
    return fmt::format("| {} | {} | {:.0f} | {:.0f} | {:.1f} % |\n", part, stage, ns, ns * scale.clock_ghz,
                       share);
  };
  std::string text = fmt::format(
      "| process | stage | ns/event | cycles at {:.2f} GHz | share |\n"
      "|---|---|---|---|---|\n",
      scale.clock_ghz);
  for (const std::string_view name : parts_in_order) {
    const auto found = accounts_.find(std::string{name});
    if (found == accounts_.end()) continue;
    std::vector<std::pair<std::string, std::uint64_t>> stages{found->second.of_stage.begin(),
                                                              found->second.of_stage.end()};
    std::sort(stages.begin(), stages.end(), [name](const auto& one, const auto& other) {
      return place_of(name, one.first) < place_of(name, other.first);
    });
    text += row(fmt::format("**{}**", name), "**all**", found->second.samples);
    for (const auto& [stage, samples] : stages) {
      if (ns_of(samples) >= shown_ns_min) text += row("", stage, samples);
    }
  }
  const auto unknown = sorted(unknown_);
  if (!unknown.empty()) text += "\nNot attributed, samples:\n";
  for (std::size_t i = 0; i < std::min(unknown.size(), unknown_shown); ++i)
    text += fmt::format("{:>7} {}\n", unknown[i].second, unknown[i].first);
  return text;
}

}  // namespace reel::bench
