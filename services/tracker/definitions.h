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
// Immutable once flows are judged.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.h"
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

/// One "after A expect B within T".
struct Rule {
  Name after = 0;  ///< 0: the deadline of the whole flow
  std::vector<Name> expected;
  bool any_of = true;
  std::uint64_t within = 0;  ///< ns
  std::string owner;
  /// The same for the same words, wherever they stand in the file: part of a verdict's id.
  std::string identity;

  /// The bits of an expectation that has everything it waits for.
  [[nodiscard]] std::uint32_t all_seen() const {
    return expected.size() >= 32 ? 0xffff'ffffu : (1u << expected.size()) - 1;
  }
};

struct Definition {
  std::string name;
  Name start = 0;
  /// The configured expectations, then one more: the deadline of the whole flow.
  std::vector<Rule> rules;
  std::vector<Name> ends;
  std::string on_overdue_publish;
  std::uint64_t digest = 0;
  bool retired = false;

  [[nodiscard]] std::uint16_t whole_flow() const { return static_cast<std::uint16_t>(rules.size() - 1); }
  [[nodiscard]] bool has_whole_flow() const { return rules.back().within != 0; }
};

/// What an event of a topic does under one definition, in the order it does it.
struct Role {
  struct Met {
    std::uint16_t rule;
    std::uint32_t bit;  ///< of an all_of
  };
  DefinitionIndex definition = 0;
  bool begins = false;  ///< makes a flow one of this definition
  bool ends = false;
  std::vector<Met> meets;
  std::vector<std::uint16_t> arms;
};

class DefinitionSet {
 public:
  explicit DefinitionSet(Names& names) : names_{names} {}

  /// A version as an earlier run stored it. They come first, in their stored order; each is retired until
  /// add_current says that it still is in the configuration.
  void add_stored(const stored::Definition& stored);
  /// A flow of the configuration. True where this version is new and must be stored. Throws DefinitionError.
  bool add_current(const std::string& name, const config::Flow& flow);

  [[nodiscard]] const Definition& operator[](DefinitionIndex index) const { return definitions_[index]; }
  [[nodiscard]] std::size_t size() const { return definitions_.size(); }
  [[nodiscard]] stored::Definition to_store(DefinitionIndex index) const;

  /// What an event of this topic does: by definition, ascending. Empty for most topics.
  [[nodiscard]] std::span<const Role> roles(Name topic) const {
    return topic < roles_.size() ? std::span<const Role>{roles_[topic]} : std::span<const Role>{};
  }

 private:
  DefinitionIndex add(const std::string& name, const config::Flow& flow, std::uint64_t digest);
  Role& role(Name topic, DefinitionIndex definition);

  Names& names_;
  std::vector<Definition> definitions_;
  std::vector<std::vector<Role>> roles_;  // by topic
};

}  // namespace reel::tracker
