// Durations and sizes as people write them: a whole number and a unit, never a bare number.
//
//   parse(durations, "30s").value   -> 30'000   (milliseconds)
//   parse(sizes, "64MiB").value     -> 67'108'864
//   parse(durations, "30").outcome  -> unit_missing
//   to_text(durations, 90'000)      -> "90s"
//
// Pure functions and constants.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace reel::config {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

/// What is measured, in which units.
struct Measure {
  std::string_view wanted;           ///< "a duration such as 500ms, 30s, 5m, 1h or 7d"
  std::string_view unit_names;       ///< "ms, s, m, h or d"
  std::span<const Unit> units;       ///< ascending; the first has factor 1
  std::span<const Unit> misspelled;  ///< what people write instead, with the factor they mean
};

extern const Measure durations;  ///< in milliseconds
extern const Measure sizes;      ///< in bytes

enum class QuantityOutcome : std::uint8_t {
  ok,
  not_a_number,  ///< It does not begin with a digit.
  unit_missing,  ///< A bare number.
  unit_unknown,  ///< Something follows the number that is no unit; a fraction too.
  too_large,     ///< It does not fit into 64 bits.
};

struct Quantity {
  QuantityOutcome outcome = QuantityOutcome::not_a_number;
  std::uint64_t value = 0;  ///< in the measure's first unit; 0 unless ok
};

[[nodiscard]] Quantity parse(const Measure& measure, std::string_view text);

/// How `text` would be written properly ("5 min" -> "5m", "64MB" -> "64MiB"); empty where that is not clear.
[[nodiscard]] std::string respelled(const Measure& measure, std::string_view text);

/// The value in the largest unit that gives a whole number.
[[nodiscard]] std::string to_text(const Measure& measure, std::uint64_t value);

}  // namespace reel::config
