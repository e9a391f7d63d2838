#include "cli/duration_text.h"

#include <spdlog/fmt/fmt.h>

#include <charconv>
#include <ctime>
#include <limits>

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

std::optional<nanoseconds> unit_named(std::string_view name) {
  if (name == "ns") return nanoseconds{1};
  if (name == "us") return microseconds{1};
  if (name == "ms") return milliseconds{1};
  if (name == "s") return seconds{1};
  if (name == "m") return minutes{1};
  if (name == "h") return hours{1};
  if (name == "d") return day;
  return std::nullopt;
}

/// Takes a number of exactly so many digits from the front.
std::optional<int> take_digits(std::string_view& text, std::size_t digits) {
  int value = 0;
  if (text.size() < digits) return std::nullopt;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

/// ".004" as nanoseconds; digits beyond the ninth are dropped.
std::optional<std::uint64_t> take_fraction(std::string_view& text) {
  if (!take(text, ".")) return 0;
  std::uint64_t value = 0;
  std::size_t digits = 0;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; ++digits) {
    if (digits < 9) value = value * 10 + static_cast<std::uint64_t>(text.front() - '0');
    text.remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 9; ++digits) value *= 10;
  return value;
}

/// "Z" or "+02:00", in seconds east of UTC.
std::optional<std::int64_t> take_offset(std::string_view& text) {
  if (take(text, "Zz")) return 0;
  const bool west = !text.empty() && text.front() == '-';
  if (!take(text, "+-")) return std::nullopt;
  const auto hour = take_digits(text, 2);
  if (!hour || *hour > 23 || !take(text, ":")) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  const std::int64_t east = *hour * 3600 + *minute * 60;
  return west ? -east : east;
}

std::optional<std::int64_t> take_date(std::string_view& text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, "-")) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, "-")) return std::nullopt;
  const auto day_of_month = take_digits(text, 2);
  if (!day_of_month) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day_of_month)}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::duration_cast<seconds>(std::chrono::sys_days{date}.time_since_epoch()).count();
}

std::optional<std::int64_t> take_time_of_day(std::string_view& text) {
  const auto hour = take_digits(text, 2);
  if (!hour || *hour > 23 || !take(text, ":")) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || *minute > 59 || !take(text, ":")) return std::nullopt;
  const auto second = take_digits(text, 2);
  if (!second || *second > 60) return std::nullopt;
  return *hour * 3600 + *minute * 60 + *second;
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
  nanoseconds total{0};
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || number < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const std::size_t letters = text.find_first_of("0123456789");
    const auto unit = unit_named(text.substr(0, letters));
    if (!unit || number > (nanoseconds::max() - total) / *unit) return std::nullopt;
    total += number * *unit;
    text = letters == std::string_view::npos ? std::string_view{} : text.substr(letters);
  }
  return total;
}

std::string time_text(std::uint64_t unix_ns) {
  const auto whole = static_cast<std::time_t>(unix_ns / 1'000'000'000);
  std::tm parts{};
  gmtime_r(&whole, &parts);
  char text[32];
  const std::size_t size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::string fraction = fmt::format(".{:09}", unix_ns % 1'000'000'000);
  while (fraction.size() > 4 && fraction.ends_with("000")) fraction.erase(fraction.size() - 3);
  return std::string{text, size} + fraction + "Z";
}

std::optional<std::uint64_t> parse_time(std::string_view text) {
  const auto date = take_date(text);
  if (!date) return std::nullopt;
  std::int64_t unix_seconds = *date;
  std::uint64_t fraction = 0;
  if (!text.empty()) {
    if (!take(text, "Tt ")) return std::nullopt;
    const auto time_of_day = take_time_of_day(text);
    const auto below = time_of_day ? take_fraction(text) : std::nullopt;
    const auto east = below ? take_offset(text) : std::nullopt;
    if (!east || !text.empty()) return std::nullopt;
    unix_seconds += *time_of_day - *east;
    fraction = *below;
  }
  constexpr auto seconds_max =
      static_cast<std::int64_t>(std::numeric_limits<std::int64_t>::max() / 1'000'000'000);
  if (unix_seconds < 0 || unix_seconds >= seconds_max) return std::nullopt;
  return static_cast<std::uint64_t>(unix_seconds) * 1'000'000'000 + fraction;
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
