#include "dispatch/backoff.h"

#include <algorithm>

namespace reel::broker {
namespace {

// SplitMix64: one multiplication chain per draw, the same on every machine.
std::uint64_t draw(std::uint64_t& state) {
  std::uint64_t mixed = (state += 0x9e3779b97f4a7c15);
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

// In [-1, 1).
double signed_share(std::uint64_t drawn) {
  return static_cast<double>(drawn >> 11) * (2.0 / 9007199254740992.0) - 1.0;
}

}  // namespace

LogTime nanoseconds_of(config::milliseconds time) {
  return static_cast<LogTime>(std::max<std::int64_t>(time.count(), 0)) * 1'000'000;
}

LogTime Backoff::after(std::uint32_t attempt) {
  if (policy_.backoff.empty()) return 0;
  const std::size_t step = std::min<std::size_t>(attempt > 0 ? attempt - 1 : 0, policy_.backoff.size() - 1);
  const auto wait = static_cast<double>(nanoseconds_of(policy_.backoff[step]));
  const double jitter = std::clamp(policy_.jitter, 0.0, 1.0);
  return static_cast<LogTime>(wait * (1.0 + jitter * signed_share(draw(state_))));
}

}  // namespace reel::broker
