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

std::uint64_t since_of(const v1::SelfChecks::Check& said, const InstanceCheck* before,
                       std::uint64_t before_said_at, std::uint64_t now) {
  const auto lasting_ns = std::min(said.lasting_ms(), lasting_ms_max) * 1'000'000;
  const auto began = now > lasting_ns ? now - lasting_ns : 1;
  const bool same = before != nullptr && before->failed == said.failed();
  return same && (lasting_ns == 0 || began <= before_said_at) ? before->since : began;
}

}  // namespace

KeptChecks kept_of(const v1::SelfChecks& said, const InstanceChecks& before, std::uint64_t now,
                   std::size_t who_bytes, std::size_t bytes_max) {
  KeptChecks kept;
  auto& [checks, said_at, bytes] = kept.now;
  const std::size_t row_bytes = who_bytes + check_row_bytes;
  said_at = now;
  for (int i = 0; i < std::min(said.checks_size(), instance_checks_max); ++i) {
    const auto& check = said.checks(i);
    InstanceCheck one{.name = std::string{beginning_of(check.name(), check_name_bytes_max)},
                      .failed = check.failed(),
                      .reason = {}};
    if (one.failed) one.reason = beginning_of(check.reason(), check_reason_bytes_max);
    const auto more = (checks.empty() ? 2 : 1) * row_bytes + one.name.size() + one.reason.size();
    if (one.name.empty() || find(checks, one.name) != nullptr || bytes + more > bytes_max) {
      ++kept.cut;
      continue;
    }
    if (one.name != check.name() || (one.failed && one.reason != check.reason())) ++kept.cut;
    one.since = since_of(check, find(before.checks, one.name), before.said_at, now);
    bytes += more;
    checks.push_back(std::move(one));
  }
  kept.cut += static_cast<std::uint64_t>(std::max(said.checks_size() - instance_checks_max, 0));
  return kept;
}

}  // namespace reel::broker
