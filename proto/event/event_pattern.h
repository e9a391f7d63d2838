// Event patterns: the `when` of routes and subscriptions. EventBridge's language, with every operator, on the
// envelope and on the payload; docs/event-patterns.md is the page about it.
//
//   const char* when = R"({"data": {"totalCents": [{"numeric": [">=", 100000]}]}})";
//   auto [pattern, error] = EventPattern::compile(when, schemas.find("shop.v1.OrderPlaced"));
//   if (!pattern) refuse(error.text());    // "data.total: shop.v1.OrderPlaced has no such field, did you …"
//   JudgedEvent judged{run.head, event, parser};
//   if (pattern->matches(judged)) …
//
// Compiled once; a pattern is immutable, cheap to copy and safe from any thread. Foreign text never crashes
// and never costs more than the limits below allow. The payload is parsed at most once per event, and only
// if a pattern looks at it and the envelope has not said no.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/batch.h"
#include "event/payload_parser.h"

namespace reel {

/// Longest pattern: a page of JSON. It travels with every subscription and stands in every ledger snapshot.
inline constexpr std::size_t pattern_bytes_max = 8u << 10;
/// Objects and lists inside one another: payloads that people write patterns for are not nested as deep.
inline constexpr int pattern_depth_max = 32;
/// Single values and operators in one pattern. Each may be compared with each value of an event.
inline constexpr std::size_t pattern_values_max = 512;
/// Ways to choose one alternative of every `$or`: so many patterns without `$or` are tried for an event.
inline constexpr std::size_t pattern_combinations_max = 128;

/// One event as patterns see it. Refers to what it is made from.
class JudgedEvent {
 public:
  JudgedEvent(const RunHead& head, const EventView& event, PayloadParser& parser)
      : head_{head}, event_{event}, parser_{parser} {}

  [[nodiscard]] const RunHead& head() const { return head_; }
  [[nodiscard]] const EventView& event() const { return event_; }
  [[nodiscard]] PayloadParser& parser() { return parser_; }
  /// nullptr where its type is not known or it is not well-formed. Parsed when first asked for; until another
  /// event's payload is asked of the same parser.
  [[nodiscard]] const google::protobuf::Message* payload();

 private:
  const RunHead& head_;
  const EventView& event_;
  PayloadParser& parser_;
  bool parsed_ = false;
  const google::protobuf::Message* payload_ = nullptr;
};

/// Why a text is no pattern.
struct PatternError {
  /// From the whole to the place: keys, and indices of lists.
  std::vector<std::string> steps;
  std::string what;

  /// "data.totalCents[0].numeric"; empty for the whole.
  [[nodiscard]] std::string path() const;
  /// "path: what"
  [[nodiscard]] std::string text() const;
};

/// Why an event does not match: the first field that said no.
struct Mismatch {
  std::string path;      ///< "data.lines[1].sku"
  std::string expected;  ///< the field's list, as JSON
  std::string actual;    ///< the value as JSON, `absent`, or several with commas between them
  /// Of how many patterns without `$or` this one came farthest; 1 without `$or`.
  std::size_t combinations = 1;
};

class EventPattern {
 public:
  struct Compiled;
  /// Where `type` is given, fields that it lacks or that can never hold such a value are errors; without it,
  /// they are absent.
  [[nodiscard]] static Compiled compile(std::string_view json,
                                        const google::protobuf::Descriptor* type = nullptr);

  [[nodiscard]] bool matches(JudgedEvent& event) const;
  /// Nothing where it matches.
  [[nodiscard]] std::optional<Mismatch> explain(JudgedEvent& event) const;
  [[nodiscard]] bool looks_at_data() const;

 private:
  friend class PatternIndex;
  struct Tree;
  explicit EventPattern(std::shared_ptr<const Tree> tree) : tree_{std::move(tree)} {}
  std::shared_ptr<const Tree> tree_;
};

/// A pattern, or why there is none.
struct EventPattern::Compiled {
  std::optional<EventPattern> pattern;
  PatternError error;
};

}  // namespace reel
