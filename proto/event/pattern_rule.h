// One value or operator of an event pattern, and the single values it is asked about. Private to
// event_pattern.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reel::pattern {

/// Holds every 64-bit integer and every double, so that one comparison is exact for all of them.
using Number = long double;

/// A single value of an event, in the forms a pattern may ask for. A 64-bit integer and an enum have both
/// text and number. Neither copied nor moved: `text` may point into `scratch`.
struct Leaf {
  Leaf() = default;
  Leaf(const Leaf&) = delete;
  Leaf& operator=(const Leaf&) = delete;

  std::optional<std::string_view> text;
  std::optional<Number> number;
  std::optional<bool> flag;
  bool null = false;
  std::string scratch;

  /// As JSON would have it, for sentences.
  [[nodiscard]] std::string shown() const;
};

/// `*` is any number of bytes; between the stars stand literal pieces.
class Wildcard {
 public:
  /// Nothing where `text` is one, with `pieces` set; else what is wrong with it.
  [[nodiscard]] static std::optional<std::string> parse(std::string_view text, Wildcard& wildcard);
  [[nodiscard]] bool matches(std::string_view text) const;

 private:
  std::vector<std::string> pieces_;  // one more than there are stars
};

/// A network of addresses, v4 or v6.
class Network {
 public:
  [[nodiscard]] static std::optional<Network> parse(std::string_view text);
  [[nodiscard]] bool contains(std::string_view address) const;

 private:
  std::array<std::uint8_t, 16> bytes_{};
  std::size_t size_ = 0;  // 4 or 16
  unsigned bits_ = 0;
};

enum class Op : std::uint8_t {
  text,
  number,
  flag,
  null,
  prefix,
  prefix_ignore_case,
  suffix,
  suffix_ignore_case,
  equals_ignore_case,
  wildcard,
  numeric,
  cidr,
  exists,
  absent,
  anything_but,
};

struct Rule {
  Op op = Op::null;
  std::string text;  // folded where case is ignored
  Number number = 0;
  bool flag = false;
  // numeric: each end where it is given.
  std::optional<Number> low;
  std::optional<Number> high;
  bool low_included = false;
  bool high_included = false;
  Wildcard wildcard;
  Network network;
  std::vector<Rule> but;  // anything-but: none of these

  [[nodiscard]] bool matches(const Leaf& leaf) const;
};

/// Why a rule is none. `steps` lead from the rule to the place, as keys and indices.
struct RuleFault {
  std::vector<std::string> steps;
  std::string what;
};

/// Reads one item of a leaf's list. `values` counts up by the single values read.
[[nodiscard]] std::optional<RuleFault> read_rule(const nlohmann::ordered_json& json, Rule& rule,
                                                 std::size_t& values);

/// Whether a key is an operator's name, such as "numeric".
[[nodiscard]] bool is_operator(std::string_view key);

/// JSON as a sentence repeats it: one line, not too long.
[[nodiscard]] std::string shown_json(const nlohmann::ordered_json& json);

}  // namespace reel::pattern
