// One expectation of the naive judge: what one A has led to, looked up in everything behind it.
#pragma once

#include <compare>
#include <limits>
#include <optional>
#include <set>
#include <string>

#include "naive_judge.h"

namespace reel::naive {

inline constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
inline constexpr std::uint64_t no_time = std::numeric_limits<std::uint64_t>::max();

[[nodiscard]] bool contains(const std::vector<std::string>& texts, const std::string& text);
[[nodiscard]] std::uint64_t ns(config::milliseconds span);

// What events say.
[[nodiscard]] std::vector<Value> values_at(const std::string& path, const Said& event);
[[nodiscard]] bool matches(const std::string& when, const Said& event);
[[nodiscard]] std::string text_of(const Value& value);
/// The time that stands there; no_time where none does.
[[nodiscard]] std::uint64_t time_at(const std::string& path, const Said& event);

/// When something was decided. What time alone decides comes behind all events of that time.
struct Moment {
  std::uint64_t at = 0;
  std::size_t event = none;
  auto operator<=>(const Moment&) const = default;
};

struct Rule {
  const config::Expectation* from = nullptr;  // nullptr: the deadline of the whole flow
  std::string name;
  double warn_at = 0;
};

/// One A, and what becomes of it.
struct Claim {
  Rule rule;
  std::size_t after = 0;
  std::uint64_t deadline = no_time;
  std::string verdict = "waiting";
  std::optional<Moment> closed{};   // met, late or in time, cancelled or broken
  std::optional<Moment> overdue{};  // since when
  std::set<std::string> seen{};     // topics of an all_of, items of an each
  std::uint32_t count = 0;          // events of an any_of

  [[nodiscard]] bool is_open(const Moment& at) const { return !closed || at < *closed; }
  [[nodiscard]] bool is_overdue(const Moment& at) const { return overdue && *overdue <= at && is_open(at); }
};

[[nodiscard]] inline std::uint64_t warning_of(const Claim& claim, std::uint64_t armed_at) {
  return armed_at + (claim.deadline - armed_at) * static_cast<std::uint64_t>(claim.rule.warn_at * 10) / 10;
}

/// Follows claims of one flow (`flow`: how it and its definition are called) whose event `end` ends it, up to
/// log time `upto`.
class Expected {
 public:
  Expected(const Trace& trace, std::size_t end, std::uint64_t upto, const std::string& flow, Told& told)
      : trace_{trace}, end_{end}, upto_{upto}, flow_{flow}, told_{told} {}

  /// Looks through everything behind A for what becomes of the claim.
  void follow(Claim& claim);
  [[nodiscard]] std::string text(const Claim& claim) const;
  void tell(const std::string& kind, const Claim& claim, const std::string& more);

 private:
  void pass_deadline(Claim& claim, const Moment& moment);
  void look_at(Claim& claim, std::size_t k);
  // Whether the event is a B for this A.
  [[nodiscard]] bool counts(const Claim& claim, const Said& event) const;
  void take(Claim& claim, std::size_t k);
  [[nodiscard]] bool is_complete(const Claim& claim) const;
  // Whether time makes it met: what must not come did not, and what must has come.
  [[nodiscard]] bool has_enough(const Claim& claim) const;
  [[nodiscard]] std::set<std::string> items(const Claim& claim) const;
  [[nodiscard]] std::set<std::string> new_items(const Claim& claim, const Said& b) const;
  [[nodiscard]] std::string missing(const Claim& claim) const;
  void meet(Claim& claim, const Moment& moment);
  void breach(Claim& claim, const std::string& how, const Moment& moment);
  static void close(Claim& claim, const std::string& verdict, const Moment& moment);

  const Trace& trace_;
  std::size_t end_;
  std::uint64_t upto_;
  const std::string& flow_;
  Told& told_;
};

}  // namespace reel::naive
