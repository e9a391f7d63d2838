#include "cli/pace.h"

#include <algorithm>
#include <charconv>

namespace reel::cli {
namespace {

/// Portions a second: often enough to look even, seldom enough to cost nothing.
constexpr double portions_per_second = 10;
/// Beyond this a rate is a slip of the finger, and sums with it would not be exact.
constexpr std::uint64_t rate_max = 1'000'000'000;

}  // namespace

std::size_t Pace::portion(std::size_t portion_max) const {
  if (per_second_ <= 0) return portion_max;
  const double even = std::min(per_second_ / portions_per_second, static_cast<double>(portion_max));
  return std::max(std::size_t{1}, static_cast<std::size_t>(even));
}

void Pace::sent(std::size_t count, Clock::time_point now) {
  if (per_second_ <= 0) return;
  const std::chrono::duration<double> takes{static_cast<double>(count) / per_second_};
  next_ = std::max(next_, now) + std::chrono::duration_cast<Clock::duration>(takes);
}

std::optional<double> parse_rate(std::string_view text) {
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || count == 0 || count > rate_max) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (unit.empty() || unit == "/s") return static_cast<double>(count);
  if (unit == "/m") return static_cast<double>(count) / 60;
  return std::nullopt;
}

}  // namespace reel::cli
