// A field of an event by its path: `subject`, `data.totalCents`, `data.lines.sku`. As in event patterns, the
// first name is an attribute of the envelope, names are those of protobuf's JSON, and a list is walked: the
// last of the examples is the sku of every line.
//
//   auto [path, error] = FieldPath::compile("data.totalCents", schemas.find("shop.v1.OrderPlaced"));
//   for (const FieldValue& value : path->values(judged, 1)) …
//
// Immutable, cheap to copy, safe from any thread.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/event_pattern.h"

namespace reel {

/// Names in one path.
inline constexpr std::size_t field_path_names_max = 32;
/// Longer texts are kept as their beginning and a hash: equal ones stay equal, different ones different.
inline constexpr std::size_t field_value_bytes_max = 256;

/// A single value. A 64-bit integer is a number although JSON has it as a text.
struct FieldValue {
  enum class Kind : std::uint8_t { text, number, flag, null };
  Kind kind = Kind::text;
  std::string text;  ///< as people write it, without quotes

  /// Numbers are equal by value. Values of different kinds are not equal.
  [[nodiscard]] bool equals(const FieldValue& other) const;
  /// Numbers by value, times by time, other texts by their bytes; unordered otherwise.
  [[nodiscard]] std::partial_ordering compare(const FieldValue& other) const;
};

/// The text; of a longer one its beginning, cut between characters, and a hash of it all.
[[nodiscard]] std::string kept_text(std::string_view text, std::size_t bytes_max = field_value_bytes_max);

class FieldPath {
 public:
  struct Compiled;
  /// Where `type` is given, names that it lacks are errors.
  [[nodiscard]] static Compiled compile(std::string_view text,
                                        const google::protobuf::Descriptor* type = nullptr);

  /// The first `max` values there, in the event's order.
  [[nodiscard]] std::vector<FieldValue> values(JudgedEvent& event, std::size_t max) const;
  [[nodiscard]] bool looks_at_data() const;
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
  std::vector<std::string> names_;
  std::uint8_t attribute_ = 0;  // pattern::EnvelopeField
};

/// A path, or a sentence about why there is none.
struct FieldPath::Compiled {
  std::optional<FieldPath> path;
  std::string error;
};

}  // namespace reel
