// The tables of units, and the one way a number with a unit is read.
#include "config/units.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace reel::config {
namespace {

constexpr std::uint64_t second = 1000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;
constexpr Unit duration_units[] = {{"ms", 1}, {"s", second}, {"m", minute}, {"h", hour}, {"d", day}};
constexpr Unit duration_slips[] = {
    {"msec", 1},        {"millis", 1},       {"sec", second}, {"secs", second},
    {"second", second}, {"seconds", second}, {"min", minute}, {"mins", minute},
    {"minute", minute}, {"minutes", minute}, {"hr", hour},    {"hrs", hour},
    {"hour", hour},     {"hours", hour},     {"day", day},    {"days", day},
};

constexpr std::uint64_t kibi = 1024, mebi = 1024 * kibi, gibi = 1024 * mebi;
constexpr Unit size_units[] = {{"B", 1}, {"KiB", kibi}, {"MiB", mebi}, {"GiB", gibi}};
constexpr Unit size_slips[] = {
    {"b", 1},     {"bytes", 1},  {"k", kibi}, {"kb", kibi}, {"kib", kibi}, {"m", mebi},
    {"mb", mebi}, {"mib", mebi}, {"g", gibi}, {"gb", gibi}, {"gib", gibi},
};

std::string lower(std::string_view text) {
  std::string result{text};
  for (auto& c : result) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return result;
}

}  // namespace

const Measure durations{"a duration such as 500ms, 30s, 5m, 1h or 7d", "ms, s, m, h or d", duration_units,
                        duration_slips};
const Measure sizes{"a size such as 512B, 64KiB, 16MiB or 1GiB", "B, KiB, MiB or GiB", size_units,
                    size_slips};

Quantity parse(const Measure& measure, std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc::invalid_argument) return {QuantityOutcome::not_a_number};
  const auto unit = text.substr(static_cast<std::size_t>(end - text.data()));
  if (unit.empty()) return {QuantityOutcome::unit_missing};
  const auto found = std::find_if(measure.units.begin(), measure.units.end(),
                                  [unit](const Unit& known) { return known.name == unit; });
  if (found == measure.units.end()) return {QuantityOutcome::unit_unknown};
  if (error != std::errc{} || number > std::numeric_limits<std::uint64_t>::max() / found->factor)
    return {QuantityOutcome::too_large};
  return {QuantityOutcome::ok, number * found->factor};
}

std::string respelled(const Measure& measure, std::string_view text) {
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto begin = text.find_first_not_of(' ', digits);
  if (digits == 0 || begin == std::string_view::npos) return {};
  const auto unit = text.substr(begin);
  const auto with_factor = [&](std::uint64_t factor) {
    for (const auto& known : measure.units) {
      if (known.factor == factor) return std::string{text.substr(0, digits)} + std::string{known.name};
    }
    return std::string{};
  };
  for (const auto& known : measure.units) {
    if (known.name == unit) return with_factor(known.factor);
  }
  for (const auto& slip : measure.misspelled) {
    if (slip.name == lower(unit)) return with_factor(slip.factor);
  }
  return {};
}

std::string to_text(const Measure& measure, std::uint64_t value) {
  const Unit* best = &measure.units.front();
  for (const auto& unit : measure.units) {
    if (value != 0 && value % unit.factor == 0) best = &unit;
  }
  return std::to_string(value / best->factor) + std::string{best->name};
}

}  // namespace reel::config
