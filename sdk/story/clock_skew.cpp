#include "story/clock_skew.h"

#include <algorithm>

namespace reel::story {
namespace {

// Both are times on the wire, so any 64-bit number: the difference may not fit, and then says nothing
// sensible.
std::int64_t difference(std::uint64_t to, std::uint64_t from) {
  constexpr std::uint64_t most = std::uint64_t{1} << 62;
  if (to >= from) return static_cast<std::int64_t>(std::min(to - from, most));
  return -static_cast<std::int64_t>(std::min(from - to, most));
}

}  // namespace

std::int64_t ClockSkew::estimate() const {
  if (contradictory()) return 0;
  if (at_least > 0) return at_least;
  return at_most ? std::min<std::int64_t>(*at_most, 0) : 0;
}

void ClockSkews::see(const std::string& service, std::uint64_t made, std::uint64_t accepted,
                     std::uint64_t cause) {
  if (made == 0) return;
  const auto [at, is_new] = skews_.try_emplace(service);
  ClockSkew& skew = at->second;
  const std::int64_t low = difference(made, accepted);
  skew.service = service;
  skew.at_least = is_new ? low : std::max(skew.at_least, low);
  if (cause != 0) {
    const std::int64_t high = difference(made, cause);
    skew.at_most = skew.at_most ? std::min(*skew.at_most, high) : high;
  }
  ++skew.events;
}

ClockSkew ClockSkews::of(const std::string& service) const {
  const auto found = skews_.find(service);
  return found != skews_.end() ? found->second : ClockSkew{.service = service};
}

std::vector<ClockSkew> ClockSkews::all() const {
  std::vector<ClockSkew> all;
  for (const auto& [service, skew] : skews_) all.push_back(skew);
  return all;
}

}  // namespace reel::story
