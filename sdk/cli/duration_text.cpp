#include "cli/duration_text.h"

#include <spdlog/fmt/fmt.h>

#include <ctime>

#include "config/units.h"
#include "event/rfc3339.h"

namespace reel::cli {
namespace {

using namespace std::chrono_literals;
using std::chrono::duration_cast;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr auto day = hours{24};

template <class Unit>
std::int64_t count(nanoseconds duration) {
  return duration_cast<Unit>(duration).count();
}

/// "12", "1.5", "0.004": thousandths without the zeros nobody needs.
std::string thousandths(std::int64_t value) {
  std::string text = fmt::format("{}.{:03}", value / 1000, value % 1000);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

std::string two_units(std::int64_t large, const char* large_unit, std::int64_t small,
                      const char* small_unit) {
  return small == 0 ? fmt::format("{}{}", large, large_unit)
                    : fmt::format("{}{} {}{}", large, large_unit, small, small_unit);
}

std::string above_a_minute(nanoseconds duration) {
  if (duration < 1h) return two_units(count<minutes>(duration), "m", count<seconds>(duration % 1min), "s");
  if (duration < day) return two_units(count<hours>(duration), "h", count<minutes>(duration % 1h), "m");
  return two_units(count<hours>(duration) / 24, "d", count<hours>(duration % day), "h");
}

std::tm local(std::uint64_t unix_ns) {
  const auto whole = static_cast<std::time_t>(unix_ns / 1'000'000'000);
  std::tm parts{};
  localtime_r(&whole, &parts);
  return parts;
}

}  // namespace

std::string duration_text(nanoseconds duration) {
  if (duration < 1us) return "0ms";
  if (duration < 1s) return thousandths(count<microseconds>(duration)) + "ms";
  if (duration < 1min) return thousandths(count<milliseconds>(duration)) + "s";
  return above_a_minute(duration);
}

std::string elapsed_text(nanoseconds duration) {
  if (duration < 1ms) return "0ms";
  if (duration < 1s) return duration_text(duration_cast<milliseconds>(duration));
  if (duration < 10s) return duration_text(duration - duration % 100ms);
  return duration_text(duration_cast<seconds>(duration));
}

std::string gap_text(nanoseconds gap) {
  if (gap < 0ns) gap = 0ns;
  if (gap < 10ms)
    return fmt::format("+{}.{} ms", count<milliseconds>(gap), count<microseconds>(gap) / 100 % 10);
  if (gap < 1s) return fmt::format("+{} ms", count<milliseconds>(gap));
  if (gap < 1min) return fmt::format("+{}.{:02} s", count<seconds>(gap), count<milliseconds>(gap) / 10 % 100);
  return "+" + above_a_minute(gap);
}

std::optional<nanoseconds> parse_duration(std::string_view text) {
  const config::Quantity quantity = config::parse(config::durations, text);
  constexpr auto milliseconds_max =
      static_cast<std::uint64_t>(duration_cast<milliseconds>(nanoseconds::max()).count());
  if (quantity.outcome != config::QuantityOutcome::ok || quantity.value > milliseconds_max)
    return std::nullopt;
  return milliseconds{quantity.value};
}

std::optional<std::uint64_t> parse_time(std::string_view text) {
  const bool date_alone = text.size() == std::string_view{"2026-03-01"}.size();
  return date_alone ? parse_rfc3339(std::string{text} + "T00:00:00Z") : parse_rfc3339(text);
}

std::string clock_text(std::uint64_t unix_ns) {
  const std::tm parts = local(unix_ns);
  return fmt::format("{:02}:{:02}:{:02}.{:03}", parts.tm_hour, parts.tm_min, parts.tm_sec,
                     unix_ns / 1'000'000 % 1000);
}

std::string date_text(std::uint64_t unix_ns) {
  const std::tm parts = local(unix_ns);
  return fmt::format("{}-{:02}-{:02} {:02}:{:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::uint64_t unix_now() {
  return static_cast<std::uint64_t>(
      duration_cast<nanoseconds>(std::chrono::system_clock::now().time_since_epoch()).count());
}

}  // namespace reel::cli
