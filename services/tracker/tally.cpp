#include "tracker/tally.h"

namespace reel::tracker {
namespace {

constexpr std::uint64_t minus_one = ~std::uint64_t{0};

std::size_t place(v1::FlowState state) {
  return static_cast<std::size_t>(state);
}

}  // namespace

void Standing::take(const Flow& flow) {
  state = flow.state();
  under.clear();
  for (const Instance& instance : flow.instances) {
    under.push_back({instance.definition, instance.state, instance.ended_by});
  }
}

void Standing::take_none() {
  state = v1::FLOW_STATE_UNKNOWN;
  under.clear();
}

void Tally::change(const Standing& before, const Standing& after) {
  add(before, minus_one);
  add(after, 1);
}

void Tally::remove(const Flow& flow) {
  Standing standing;
  standing.take(flow);
  add(standing, minus_one);
}

std::uint64_t Tally::open_under(DefinitionIndex definition) const {
  if (definition >= definitions_.size()) return 0;
  const States& states = definitions_[definition];
  return states[place(v1::FLOW_STATE_OPEN)] + states[place(v1::FLOW_STATE_OVERDUE)];
}

// Unsigned on purpose: adding minus_one subtracts.
void Tally::add(const Standing& standing, std::uint64_t amount) {
  if (standing.state == v1::FLOW_STATE_UNKNOWN) return;
  states_[place(standing.state)] += amount;
  for (const auto& under : standing.under) {
    if (under.definition >= definitions_.size()) definitions_.resize(under.definition + 1u);
    definitions_[under.definition][place(under.state)] += amount;
    if (under.ended_by != 0) ends_[under.ended_by] += amount;
  }
}

std::uint64_t Tally::flows() const {
  std::uint64_t sum = 0;
  for (const std::uint64_t count : states_) sum += count;
  return sum;
}

void Tally::save(stored::Progress& to, const DefinitionSet& definitions, const Names& names) const {
  for (const std::uint64_t count : states_) to.add_states(count);
  for (std::size_t i = 0; i < definitions_.size(); ++i) {
    auto& count = *to.add_definitions();
    count.set_name(definitions[static_cast<DefinitionIndex>(i)].name);
    count.set_open(definitions_[i][place(v1::FLOW_STATE_OPEN)]);
    count.set_overdue(definitions_[i][place(v1::FLOW_STATE_OVERDUE)]);
    count.set_completed(definitions_[i][place(v1::FLOW_STATE_COMPLETED)]);
  }
  for (const auto& [topic, count] : ends_) (*to.mutable_ends())[std::string{names.text(topic)}] = count;
}

bool Tally::judges(const stored::Progress& progress, DefinitionIndex definition) {
  if (definition >= progress.definitions_size()) return false;
  const auto& count = progress.definitions(definition);
  return count.open() + count.overdue() + count.completed() != 0;
}

void Tally::load(const stored::Progress& from, const DefinitionSet& definitions, Names& names) {
  *this = Tally{};
  for (int i = 0; i < from.states_size() && i < static_cast<int>(states_.size()); ++i) {
    states_[static_cast<std::size_t>(i)] = from.states(i);
  }
  for (int i = 0; i < from.definitions_size() && i < static_cast<int>(definitions.size()); ++i) {
    States& states = definitions_.emplace_back();
    states[place(v1::FLOW_STATE_OPEN)] = from.definitions(i).open();
    states[place(v1::FLOW_STATE_OVERDUE)] = from.definitions(i).overdue();
    states[place(v1::FLOW_STATE_COMPLETED)] = from.definitions(i).completed();
  }
  for (const auto& [topic, count] : from.ends()) ends_[names.intern(topic)] = count;
}

void Tally::tell(v1::SummaryReply& to, const DefinitionSet& definitions, const Names& names) const {
  to.set_flows(flows());
  to.set_open(count(v1::FLOW_STATE_OPEN));
  to.set_overdue(count(v1::FLOW_STATE_OVERDUE));
  to.set_completed(count(v1::FLOW_STATE_COMPLETED));
  to.set_untracked(count(v1::FLOW_STATE_UNTRACKED));

  std::map<std::string, States> by_name;
  for (std::size_t i = 0; i < definitions.size(); ++i) {
    const Definition& definition = definitions[static_cast<DefinitionIndex>(i)];
    if (!definitions.contains(static_cast<DefinitionIndex>(i))) continue;
    if (definition.retired && i >= definitions_.size()) continue;
    States& states = by_name[definition.name];
    for (std::size_t state = 0; i < definitions_.size() && state < states.size(); ++state) {
      states[state] += definitions_[i][state];
    }
  }
  for (const auto& [name, states] : by_name) {
    auto& line = *to.add_definitions();
    line.set_name(name);
    line.set_open(states[place(v1::FLOW_STATE_OPEN)]);
    line.set_overdue(states[place(v1::FLOW_STATE_OVERDUE)]);
    line.set_completed(states[place(v1::FLOW_STATE_COMPLETED)]);
    line.set_flows(line.open() + line.overdue() + line.completed());
  }
  for (const auto& [topic, count] : ends_) {
    if (count != 0) (*to.mutable_ends())[std::string{names.text(topic)}] = count;
  }
}

}  // namespace reel::tracker
