#include "event/rfc3339.h"

#include <array>
#include <chrono>
#include <cstdio>

namespace reel {
namespace {

namespace ch = std::chrono;

constexpr std::uint64_t second_ns = 1'000'000'000;

// Takes `digits` digits off the front.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (const char c : text.substr(0, digits)) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// The fraction behind the seconds, if there is one.
std::optional<std::uint64_t> take_fraction_ns(std::string_view& text) {
  if (!take(text, ".")) return 0;
  std::uint64_t ns = 0;
  std::size_t digits = 0;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; text.remove_prefix(1), ++digits) {
    if (digits < 9) ns = ns * 10 + static_cast<std::uint64_t>(text.front() - '0');
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 9; ++digits) ns *= 10;
  return ns;
}

// `Z` or `+hh:mm`, in minutes east of UTC, at the text's end.
std::optional<int> take_zone(std::string_view text) {
  if (text == "Z" || text == "z") return 0;
  const bool west = text.starts_with('-');
  if (!take(text, "+-")) return std::nullopt;
  const auto hours = take_number(text, 2);
  if (!hours || !take(text, ":")) return std::nullopt;
  const auto minutes = take_number(text, 2);
  if (!minutes || !text.empty() || *hours > 23 || *minutes > 59) return std::nullopt;
  return (west ? -1 : 1) * (*hours * 60 + *minutes);
}

}  // namespace

std::string rfc3339(std::uint64_t unix_ns) {
  const auto seconds = static_cast<std::int64_t>(unix_ns / second_ns);
  const auto day = ch::floor<ch::days>(ch::sys_seconds{ch::seconds{seconds}});
  const ch::year_month_day date{day};
  const auto of_day = static_cast<int>(seconds % 86'400);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), of_day / 3600,
                of_day / 60 % 60, of_day % 60);
  std::string out = text.data();
  const auto fraction = static_cast<unsigned>(unix_ns % second_ns);
  if (fraction != 0) {
    std::snprintf(text.data(), text.size(), ".%09u", fraction);
    out += text.data();
    while (out.ends_with("000")) out.resize(out.size() - 3);
  }
  return out + "Z";
}

std::optional<std::uint64_t> parse_rfc3339(std::string_view text) {
  const auto year = take_number(text, 4);
  if (!year || !take(text, "-")) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take(text, "-")) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day || !take(text, "Tt ")) return std::nullopt;
  const auto hour = take_number(text, 2);
  if (!hour || !take(text, ":")) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute || !take(text, ":")) return std::nullopt;
  const auto second = take_number(text, 2);
  if (!second) return std::nullopt;
  const auto fraction = take_fraction_ns(text);
  const auto zone = fraction ? take_zone(text) : std::nullopt;
  if (!zone) return std::nullopt;

  const ch::year_month_day date{ch::year{*year}, ch::month{static_cast<unsigned>(*month)},
                                ch::day{static_cast<unsigned>(*day)}};
  // Second 60 is a leap second; clocks of ours have none, so it is the first of the next minute.
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const std::int64_t seconds = std::int64_t{ch::sys_days{date}.time_since_epoch().count()} * 86'400 +
                               *hour * 3600 + *minute * 60 + *second - *zone * 60;
  constexpr auto seconds_max = static_cast<std::int64_t>(~std::uint64_t{0} / second_ns);
  if (seconds < 0 || seconds >= seconds_max) return std::nullopt;
  return static_cast<std::uint64_t>(seconds) * second_ns + *fraction;
}

}  // namespace reel
