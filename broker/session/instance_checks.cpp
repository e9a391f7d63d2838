#include "session/instance_checks.h"

#include <algorithm>
#include <utility>

#include "event/utf8.h"

namespace reel::broker {
namespace {

// Of a year the start is said; for longer nobody minds.
constexpr std::uint64_t lasting_ms_max = 366ull * 24 * 3'600 * 1'000;

const InstanceCheck* find(const std::vector<InstanceCheck>& checks, const std::string& name) {
  const auto found =
      std::find_if(checks.begin(), checks.end(), [&](const InstanceCheck& one) { return one.name == name; });
  return found == checks.end() ? nullptr : &*found;
}

std::uint64_t since_of(const v1::SelfChecks::Check& said, const InstanceCheck* before, std::uint64_t now) {
  if (before != nullptr && before->failed == said.failed()) return before->since;
  const auto lasting_ns = std::min(said.lasting_ms(), lasting_ms_max) * 1'000'000;
  return now > lasting_ns ? now - lasting_ns : 1;
}

}  // namespace

KeptChecks kept_of(const v1::SelfChecks& said, const std::vector<InstanceCheck>& before, std::uint64_t now,
                   std::size_t bytes_max) {
  KeptChecks kept;
  for (int i = 0; i < std::min(said.checks_size(), instance_checks_max); ++i) {
    const auto& check = said.checks(i);
    InstanceCheck one{.name = std::string{beginning_of(check.name(), check_name_bytes_max)},
                      .failed = check.failed(),
                      .reason = {}};
    if (one.failed) one.reason = beginning_of(check.reason(), check_reason_bytes_max);
    const bool fits = kept.bytes + one.bytes() <= bytes_max;
    if (one.name.empty() || find(kept.checks, one.name) != nullptr || !fits) {
      ++kept.cut;
      continue;
    }
    if (one.name != check.name() || (one.failed && one.reason != check.reason())) ++kept.cut;
    one.since = since_of(check, find(before, one.name), now);
    kept.bytes += one.bytes();
    kept.checks.push_back(std::move(one));
  }
  kept.cut += static_cast<std::uint64_t>(std::max(said.checks_size() - instance_checks_max, 0));
  return kept;
}

}  // namespace reel::broker
