// Flow definitions as the judge uses them: topics are numbers, and each topic knows what it does.
//
// A definition has versions, told apart by content. The newest applies to flows it begins with; flows that
// began under an older one are judged by that one to their end, so older versions are kept as `retired`.
// One version per name begins on a flow.
//
//   DefinitionSet definitions{names};
//   definitions.add_current("order-fulfilment", config_flow);
//   for (const Role& role : definitions.roles(topic)) …
//
// What is in it stays; a reload adds versions between two events.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.h"
#include "event/event_pattern.h"
#include "event/field_path.h"
#include "tracker/names.h"
#include "tracker/store.pb.h"

namespace reel::tracker {

/// A flow in the configuration asks for more than the tracker can judge; the text says what and how much.
struct DefinitionError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Place of a definition's version in the set; stored flows use it.
using DefinitionIndex = std::uint16_t;

/// Topics one all_of may name: they are bits of one word.
inline constexpr std::size_t all_of_max = 32;
/// Expectations of one definition.
inline constexpr std::size_t rules_max = 1'000;
/// Versions of all definitions that were ever in use.
inline constexpr std::size_t definitions_max = 60'000;

/// How a field of B must stand to what a field of A was.
struct FieldComparison {
  FieldPath field;
  config::Comparison how;
  FieldPath after_field;
};
struct EachItem {
  FieldPath item;
  FieldPath matches;
};

/// One "after A expect B within T", or what must not come.
struct Rule {
  Name after = 0;  ///< 0: the deadline of the whole flow, or `every`
  std::vector<Name> expected;
  bool any_of = true;
  bool never = false;
  std::optional<EventPattern> when;
  std::vector<FieldComparison> where;
  std::optional<EachItem> each;
  std::uint32_t needed = 1;         ///< events of any_of
  std::uint32_t most = no_limit;    ///< more of them break the rule
  std::uint64_t within = 0;         ///< ns; 0: none
  std::uint64_t not_before = 0;     ///< ns
  bool from_start = false;          ///< `within` runs from the flow's start
  std::optional<FieldPath> by;      ///< where the deadline stands in A
  bool is_extended = false;         ///< some events let `within` begin anew
  std::uint32_t warn_permille = 0;  ///< of the time, after which to warn; 0: never
  std::string severity;
  std::string owner;
  std::string runbook;
  /// The same for the same words, wherever they stand in the file: part of a verdict's id.
  std::string identity;
  /// Claims are met and fall due in the order in which they were armed; see flow.h.
  bool in_order = true;

  static constexpr std::uint32_t no_limit = 0xffff'ffff;

  /// The bits of an expectation that has everything it waits for.
  [[nodiscard]] std::uint32_t all_seen() const {
    return expected.size() >= 32 ? 0xffff'ffffu : (1u << expected.size()) - 1;
  }
  /// Nothing is owed: at its deadline, or at the end, it is met where it was not broken before.
  [[nodiscard]] bool forbids() const { return never || needed == 0; }
  /// Nothing more need come: it is judged by what must not come, at its deadline or at the end.
  [[nodiscard]] bool has_enough(std::uint32_t seen) const {
    return forbids() || (most != no_limit && seen >= needed);
  }
  /// The deadline may come to be that which stood in A, and then no later.
  [[nodiscard]] bool keeps_stated_deadline() const { return by && is_extended; }
  /// What A said is needed to judge a B.
  [[nodiscard]] bool keeps_values() const { return !where.empty() || each; }
};

struct Definition {
  std::string name;
  Name start = 0;
  std::optional<EventPattern> when;  ///< what the start event matches
  /// The configured expectations, then one more: the deadline of the whole flow.
  std::vector<Rule> rules;
  std::vector<Name> ends;
  std::string on_overdue_publish;
  std::string text;  ///< config/flow_text.h
  bool retired = false;
  bool is_regular = false;  ///< `every`: its flows are values, and named after it

  [[nodiscard]] std::uint16_t whole_flow() const { return static_cast<std::uint16_t>(rules.size() - 1); }
  /// Whether a claim of it keeps a flow without an end from being complete.
  [[nodiscard]] bool is_owed(std::uint16_t rule) const {
    return rule != whole_flow() && !rules[rule].forbids();
  }
  [[nodiscard]] bool has_whole_flow() const { return rules.back().within != 0; }
};

/// What an event of a topic does under one definition, in the order it does it.
struct Role {
  enum class Part : std::uint8_t {
    expected,  ///< what is waited for, or forbidden
    lifts,     ///< ends a prohibition
    extends,   ///< lets the time begin anew
  };
  struct Met {
    std::uint16_t rule;
    std::uint32_t bit;  ///< of an all_of
    Part part = Part::expected;
  };
  DefinitionIndex definition = 0;
  bool begins = false;  ///< makes a flow one of this definition
  bool ends = false;
  std::vector<Met> meets;
  std::vector<std::uint16_t> arms;
};

/// An event of a topic that is owed regularly, for each key.
struct Pulse {
  DefinitionIndex definition;
  std::optional<FieldPath> per;  ///< none: one key
};

class DefinitionSet {
 public:
  explicit DefinitionSet(Names& names) : names_{names} {}

  /// A version as an earlier run stored it. They come first, by ascending numbers, of which some may be left
  /// out; each is retired until add_current says that it still is in the configuration.
  void add_stored(DefinitionIndex number, const stored::Definition& stored);
  /// A flow of the configuration. True where this version is new and must be stored. Throws DefinitionError.
  bool add_current(const std::string& name, const config::Flow& flow);
  /// The configuration's flows are these, and no others, from here on. Says which versions are new and must
  /// be stored. Throws DefinitionError, and changes nothing then.
  std::vector<DefinitionIndex> set_current(const std::map<std::string, config::Flow>& flows);
  /// Whether set_current would throw.
  void check(const std::map<std::string, config::Flow>& flows) const;
  /// The version of this name that flows begin with; none: it is not in the configuration.
  [[nodiscard]] std::optional<DefinitionIndex> current(std::string_view name) const;

  [[nodiscard]] const Definition& operator[](DefinitionIndex index) const { return definitions_[index]; }
  /// False where the version with this number was left out.
  [[nodiscard]] bool contains(DefinitionIndex index) const {
    return index < definitions_.size() && !definitions_[index].rules.empty();
  }
  [[nodiscard]] std::size_t size() const { return definitions_.size(); }
  [[nodiscard]] stored::Definition to_store(DefinitionIndex index) const;

  /// Whether a flow of something regularly owed may have this name.
  [[nodiscard]] bool may_be_regular(std::string_view flow) const;
  [[nodiscard]] bool any_regular() const { return !regular_.empty(); }
  /// Regularly owed events of this topic.
  [[nodiscard]] std::span<const Pulse> pulses(Name topic) const {
    return topic < pulses_.size() ? std::span<const Pulse>{pulses_[topic]} : std::span<const Pulse>{};
  }
  /// Where the correlation id stands in events of this topic that carry none; nullptr: nowhere.
  [[nodiscard]] const FieldPath* correlated_by(Name topic) const;
  /// Topics whose events are judged by more than their envelope's ids: their content must come with them.
  [[nodiscard]] std::vector<std::string> topics_judged_by_content() const;

  /// What an event of this topic does: by definition, in the order of their names. Empty for most topics.
  [[nodiscard]] std::span<const Role> roles(Name topic) const {
    return topic < roles_.size() ? std::span<const Role>{roles_[topic]} : std::span<const Role>{};
  }

 private:
  std::optional<DefinitionIndex> add_version(const std::string& name, const config::Flow& flow);
  DefinitionIndex add(const std::string& name, const config::Flow& flow, std::string text);
  [[nodiscard]] DefinitionIndex number_for(const std::string& name) const;
  void add(DefinitionIndex index, const std::string& name, const config::Flow& flow, std::string text);
  void add_rule(const config::Expectation& expectation, DefinitionIndex index, Definition& to);
  void add_pulse(const config::Expectation& expectation, DefinitionIndex index, Definition& to);
  Role& role(Name topic, DefinitionIndex definition);

  Names& names_;
  std::vector<Definition> definitions_;
  std::set<DefinitionIndex> free_;          // left out
  std::vector<std::vector<Role>> roles_;    // by topic
  std::vector<std::vector<Pulse>> pulses_;  // by topic
  std::map<Name, FieldPath> correlated_by_;
  std::set<Name> content_topics_;
  std::set<std::string, std::less<>> regular_;  // names of definitions, of any version
};

}  // namespace reel::tracker
