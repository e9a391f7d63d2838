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

Backoff::Backoff(const config::Retry& policy, std::uint64_t seed) : state_{seed} {
  set_policy(policy);
}

void Backoff::set_policy(const config::Retry& policy) {
  jitter_ = std::clamp(policy.jitter, 0.0, 1.0);
  otherwise_ = {
      .error_type = {}, .attempts = policy.attempts, .backoff = policy.backoff, .max_age = policy.max_age};
  by_error_ = policy.by_error;
  error_types_.assign(by_error_.size(), {});
  // The file's reader has refused what is none.
  for (std::size_t i = 0; i < by_error_.size(); ++i)
    (void)pattern::Wildcard::parse(by_error_[i].error_type, error_types_[i]);
}

const config::ErrorRetry& Backoff::of(std::string_view error_type) const {
  for (std::size_t i = 0; i < by_error_.size(); ++i)
    if (error_types_[i].matches(error_type)) return by_error_[i];
  return otherwise_;
}

std::uint32_t Backoff::attempts(std::string_view error_type) const {
  return static_cast<std::uint32_t>(std::max(of(error_type).attempts, 0));
}

LogTime Backoff::max_age(std::string_view error_type) const {
  return nanoseconds_of(of(error_type).max_age);
}

LogTime Backoff::after(std::uint32_t attempt, std::string_view error_type) {
  const auto& backoff = of(error_type).backoff;
  if (backoff.empty()) return 0;
  const std::size_t step = std::min<std::size_t>(attempt > 0 ? attempt - 1 : 0, backoff.size() - 1);
  const auto wait = static_cast<double>(nanoseconds_of(backoff[step]));
  return static_cast<LogTime>(wait * (1.0 + jitter_ * signed_share(draw(state_))));
}

}  // namespace reel::broker
