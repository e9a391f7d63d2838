// A judge that anyone can follow: docs/flows.md's rules for one expectation at a time, each looked up in the
// whole trace. It knows no queues, no timers and no state between events, and takes quadratic time.
//
//   Told told = told_of(definitions, trace, upto);   // what the tracker must say of the same
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/model.h"

namespace reel::naive {

/// A single value of an event: a number, or a text.
struct Value {
  bool is_number = false;
  std::uint64_t number = 0;
  std::string text;
};

/// An event of a trace.
struct Said {
  std::string topic;
  std::uint64_t at = 0;  ///< log time
  std::string id;
  std::string correlation;
  std::string subject;
  bool replayed = false;
  std::map<std::string, std::vector<Value>> data;  ///< by field; fields with several values are lists
};
using Trace = std::vector<Said>;
using Definitions = std::map<std::string, config::Flow>;

/// What was said of a trace, in words: every verdict, what each claim has come to, and the state of each
/// flow.
struct Told {
  std::vector<std::string> verdicts;
  std::vector<std::string> claims;
  std::vector<std::string> states;

  void sort();
  /// "" where both say the same; otherwise what only one of them says.
  [[nodiscard]] std::string difference(const Told& other) const;
};

/// The `when`s that traces are drawn with, since the naive judge reads no patterns.
inline constexpr const char* when_k_is_p = R"({"data": {"k": ["p"]}})";
inline constexpr const char* when_n_is_large = R"({"data": {"n": [{"numeric": [">=", 2]}]}})";
inline constexpr const char* when_subject_is_s = R"({"subject": ["s"]})";

/// Everything up to log time `upto` was seen.
[[nodiscard]] Told told_of(const Definitions& definitions, const Trace& trace, std::uint64_t upto);

}  // namespace reel::naive
