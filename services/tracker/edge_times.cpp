#include "tracker/edge_times.h"

#include <string>
#include <tuple>
#include <vector>

namespace reel::tracker {
namespace {

// What must not come, and what comes regularly, leads from nowhere to nowhere.
bool is_edge(const Definition& definition, std::uint16_t rule) {
  const Rule& one = definition.rules[rule];
  return !one.forbids() && (one.after != 0 || rule == definition.whole_flow());
}

}  // namespace

void EdgeTimes::came(const DefinitionSet& definitions, DefinitionIndex definition, std::uint16_t rule,
                     std::uint64_t armed_at, std::uint64_t at) {
  if (!is_edge(definitions[definition], rule)) return;
  edges_[{definition, rule}].came.add(at > armed_at ? at - armed_at : 0);
}

void EdgeTimes::overdue(const DefinitionSet& definitions, DefinitionIndex definition, std::uint16_t rule) {
  if (is_edge(definitions[definition], rule)) ++edges_[{definition, rule}].overdue;
}

void EdgeTimes::overdue_for(const DefinitionSet& definitions, DefinitionIndex definition, std::uint16_t rule,
                            v1::CauseKind cause) {
  if (is_edge(definitions[definition], rule)) ++edges_[{definition, rule}].overdue_for[cause];
}

void EdgeTimes::tell(const DefinitionSet& definitions, const Names& names, v1::TimesReply& to) const {
  using Key = std::tuple<std::string, Name, std::vector<Name>, bool>;
  std::map<Key, Counted> rows;
  for (const auto& [place, counted] : edges_) {
    const Definition& definition = definitions[place.first];
    const Rule& rule = definition.rules[place.second];
    Counted& row = rows[Key{definition.name, rule.after, rule.expected, rule.any_of}];
    row.came.add(counted.came);
    row.overdue += counted.overdue;
    for (const auto& [cause, overdue] : counted.overdue_for) row.overdue_for[cause] += overdue;
  }
  for (const auto& [key, counted] : rows) {
    const auto& [definition, after, expected, any_of] = key;
    auto& row = *to.add_edges();
    row.set_definition(definition);
    row.set_after(std::string{names.text(after)});
    for (const Name topic : expected) row.add_expected(std::string{names.text(topic)});
    row.set_any_of(any_of);
    row.set_overdue(counted.overdue);
    for (const auto& [cause, overdue] : counted.overdue_for) {
      auto& told = *row.add_overdue_for();
      told.set_cause(cause);
      told.set_overdue(overdue);
    }
    counted.came.write(*row.mutable_came());
  }
}

}  // namespace reel::tracker
