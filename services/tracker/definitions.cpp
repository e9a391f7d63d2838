#include "tracker/definitions.h"

#include <algorithm>
#include <tuple>

#include "config/flow_text.h"
#include "tracker/compact.h"

namespace reel::tracker {
namespace {

std::uint64_t nanoseconds(config::milliseconds span) {
  return static_cast<std::uint64_t>(span.count()) * 1'000'000;
}

void refuse(const std::string& name, const std::string& what) {
  throw DefinitionError{"flow '" + name + "' " + what};
}

[[noreturn]] void refuse_more_versions() {
  throw DefinitionError{"more than " + std::to_string(definitions_max) +
                        " versions of flow definitions: restart reel-tracker, which drops those that judge "
                        "no flow"};
}

void check(const std::string& name, const config::Flow& flow) {
  if (flow.expect.size() > rules_max) {
    refuse(name, "has " + std::to_string(flow.expect.size()) + " expectations, at most " +
                     std::to_string(rules_max) + " are allowed");
  }
  for (const auto& expectation : flow.expect) {
    if (expectation.all_of.size() > all_of_max) {
      refuse(name, "waits for " + std::to_string(expectation.all_of.size()) + " topics after '" +
                       expectation.after + "', at most " + std::to_string(all_of_max) +
                       " are allowed in all_of");
    }
    const bool needs_time =
        expectation.never.empty() && expectation.by.empty() && expectation.every.count() <= 0;
    if (needs_time && expectation.within.count() <= 0) {
      refuse(name, "gives no time after '" + expectation.after + "': within must be longer than 0ms");
    }
  }
}

const char* severity_text(config::Severity severity) {
  switch (severity) {
    case config::Severity::none: return "";
    case config::Severity::info: return "info";
    case config::Severity::warning: return "warning";
    case config::Severity::critical: return "critical";
  }
  return "";
}

// The configuration's reader has compiled both before, with the types at hand.
FieldPath path_of(const std::string& text) {
  auto [path, error] = FieldPath::compile(text);
  if (!path) throw DefinitionError{"'" + text + "' is no field: " + error};
  return *std::move(path);
}

std::optional<EventPattern> pattern_of(const std::string& text) {
  if (text.empty()) return std::nullopt;
  auto [pattern, error] = EventPattern::compile(text);
  if (!pattern) throw DefinitionError{"when: " + error.text()};
  return pattern;
}

std::uint32_t permille(double share) {
  return static_cast<std::uint32_t>(share * 1'000);
}

void set_concern(Rule& rule, double warn_at, config::Severity severity, const std::string& owner,
                 const std::string& runbook) {
  rule.warn_permille = permille(warn_at);
  rule.severity = severity_text(severity);
  rule.owner = owner;
  rule.runbook = runbook;
  if (rule.warn_permille != 0) rule.in_order = false;
}

Rule rule_of(const config::Expectation& from) {
  Rule rule;
  rule.any_of = from.all_of.empty();
  rule.never = !from.never.empty();
  rule.when = pattern_of(from.when);
  for (const auto& one : from.where) {
    rule.where.push_back({path_of(one.field), one.how, path_of(one.after_field)});
  }
  if (from.each) rule.each = EachItem{path_of(from.each->item), path_of(from.each->matches)};
  if (from.at_least != 0) rule.needed = from.at_least;
  if (from.at_most != 0) {
    rule.most = from.at_most;
    rule.needed = from.at_least;
  }
  rule.within = nanoseconds(from.every.count() > 0 ? from.every : from.within);
  rule.not_before = nanoseconds(from.not_before);
  rule.from_start = from.from_start;
  if (!from.by.empty()) rule.by = path_of(from.by);
  rule.is_extended = !from.extended_by.empty();
  rule.identity = config::identity_of(from);
  rule.in_order = !rule.never && !rule.keeps_values() && rule.needed == 1 && rule.most == Rule::no_limit &&
                  rule.not_before == 0 && !rule.from_start && !rule.by && !rule.is_extended;
  set_concern(rule, from.warn_at, from.severity, from.owner, from.runbook);
  return rule;
}

config::Flow stored_flow(const stored::Definition& stored) try {
  return config::flow_of(stored.text());
} catch (const config::FlowTextError& error) {
  throw RecordError{error.what()};
}

}  // namespace

void DefinitionSet::add_stored(DefinitionIndex number, const stored::Definition& stored) {
  for (auto left_out = definitions_.size(); left_out < number; ++left_out)
    free_.insert(static_cast<DefinitionIndex>(left_out));
  definitions_.resize(number + std::size_t{1});
  add(number, stored.name(), stored_flow(stored), stored.text());
  definitions_[number].retired = true;
}

bool DefinitionSet::add_current(const std::string& name, const config::Flow& flow) {
  return add_version(name, flow).has_value();
}

// The number of a version that is new.
std::optional<DefinitionIndex> DefinitionSet::add_version(const std::string& name, const config::Flow& flow) {
  tracker::check(name, flow);
  for (const auto& [topic, path] : flow.correlate_by) {
    correlated_by_.insert_or_assign(names_.intern(topic), path_of(path));
    content_topics_.insert(names_.intern(topic));
  }
  std::string text = config::text_of(flow);
  for (auto& known : definitions_) {
    if (known.name != name || known.text != text) continue;
    known.retired = false;
    return std::nullopt;
  }
  if (definitions_.size() - free_.size() >= definitions_max) refuse_more_versions();
  return add(name, flow, std::move(text));
}

void DefinitionSet::check(const std::map<std::string, config::Flow>& flows) const {
  for (const auto& [name, flow] : flows) tracker::check(name, flow);
  if (definitions_.size() - free_.size() + flows.size() > definitions_max) refuse_more_versions();
}

std::vector<DefinitionIndex> DefinitionSet::set_current(const std::map<std::string, config::Flow>& flows) {
  check(flows);
  for (Definition& known : definitions_) known.retired = true;
  correlated_by_.clear();
  std::vector<DefinitionIndex> added;
  for (const auto& [name, flow] : flows) {
    if (const auto index = add_version(name, flow)) added.push_back(*index);
  }
  return added;
}

std::optional<DefinitionIndex> DefinitionSet::current(std::string_view name) const {
  for (std::size_t i = 0; i < definitions_.size(); ++i) {
    if (!definitions_[i].retired && definitions_[i].name == name) return static_cast<DefinitionIndex>(i);
  }
  return std::nullopt;
}

DefinitionIndex DefinitionSet::add(const std::string& name, const config::Flow& flow, std::string text) {
  const DefinitionIndex index = number_for(name);
  if (free_.erase(index) == 0) definitions_.emplace_back();
  add(index, name, flow, std::move(text));
  return index;
}

// A number that was left out is used again only above every version of the name: versions are judged by in
// the order of their numbers, which must be that in which they came, restart or not. But for a name that had
// tens of thousands of them, the lowest is better than none.
DefinitionIndex DefinitionSet::number_for(const std::string& name) const {
  const auto newest = std::find_if(definitions_.rbegin(), definitions_.rend(),
                                   [&](const Definition& known) { return known.name == name; });
  const auto above = static_cast<DefinitionIndex>(definitions_.rend() - newest);
  if (const auto left_out = free_.lower_bound(above); left_out != free_.end()) return *left_out;
  if (definitions_.size() < definitions_max || free_.empty())
    return static_cast<DefinitionIndex>(definitions_.size());
  return *free_.begin();
}

void DefinitionSet::add(DefinitionIndex index, const std::string& name, const config::Flow& flow,
                        std::string text) {
  Definition& to = definitions_[index];
  to = {};  // a number that was left out may have been somebody's
  to.name = name;
  to.text = std::move(text);
  to.on_overdue_publish = flow.on_overdue_publish;
  to.start = names_.intern(flow.start);
  to.when = pattern_of(flow.when);
  if (to.start != 0) role(to.start, index).begins = true;
  if (to.when) content_topics_.insert(to.start);

  for (const auto& expectation : flow.expect) {
    expectation.every.count() > 0 ? add_pulse(expectation, index, to) : add_rule(expectation, index, to);
  }
  for (const auto& topic : flow.end) {
    to.ends.push_back(names_.intern(topic));
    role(to.ends.back(), index).ends = true;
  }
  Rule& whole = to.rules.emplace_back();
  whole.expected = to.ends;
  whole.within = flow.within ? nanoseconds(*flow.within) : 0;
  whole.identity = "whole flow " + std::to_string(flow.within ? flow.within->count() : 0);
  set_concern(whole, flow.warn_at, flow.severity, flow.owner, flow.runbook);
}

void DefinitionSet::add_rule(const config::Expectation& expectation, DefinitionIndex index, Definition& to) {
  const auto number = static_cast<std::uint16_t>(to.rules.size());
  Rule& rule = to.rules.emplace_back(rule_of(expectation));
  rule.after = names_.intern(expectation.after);
  Role& arming = role(rule.after, index);
  arming.arms.push_back(number);
  if (to.start == 0) arming.begins = true;
  if (rule.when || rule.by || rule.keeps_values()) content_topics_.insert(rule.after);
  for (std::size_t i = 0; i < expectation.expected().size(); ++i) {
    const Name topic = names_.intern(expectation.expected()[i]);
    rule.expected.push_back(topic);
    role(topic, index).meets.push_back({number, rule.any_of ? 1u : 1u << i});
    if (rule.keeps_values()) content_topics_.insert(topic);
  }
  for (const auto& topic : expectation.until)
    role(names_.intern(topic), index).meets.push_back({number, 0, Role::Part::lifts});
  for (const auto& topic : expectation.extended_by)
    role(names_.intern(topic), index).meets.push_back({number, 0, Role::Part::extends});
}

void DefinitionSet::add_pulse(const config::Expectation& expectation, DefinitionIndex index, Definition& to) {
  Rule& rule = to.rules.emplace_back(rule_of(expectation));
  to.is_regular = true;
  regular_.insert(to.name);
  rule.after = names_.intern(expectation.any_of.front());
  for (const auto& text : expectation.any_of) {
    const Name topic = names_.intern(text);
    rule.expected.push_back(topic);
    if (topic >= pulses_.size()) pulses_.resize(topic + 1);
    Pulse& pulse = pulses_[topic].emplace_back(Pulse{index, {}});
    if (expectation.per.empty()) continue;
    pulse.per = path_of(expectation.per);
    content_topics_.insert(topic);
  }
}

stored::Definition DefinitionSet::to_store(DefinitionIndex index) const {
  stored::Definition stored;
  stored.set_name(definitions_[index].name);
  stored.set_text(definitions_[index].text);
  return stored;
}

bool DefinitionSet::may_be_regular(std::string_view flow) const {
  if (regular_.empty()) return false;
  return regular_.contains(flow) || regular_.contains(flow.substr(0, flow.find(':')));
}

const FieldPath* DefinitionSet::correlated_by(Name topic) const {
  const auto found = correlated_by_.find(topic);
  return found == correlated_by_.end() ? nullptr : &found->second;
}

std::vector<std::string> DefinitionSet::topics_judged_by_content() const {
  std::vector<std::string> topics;
  for (const Name topic : content_topics_) topics.emplace_back(names_.text(topic));
  return topics;
}

// The order must not depend on when a version came.
Role& DefinitionSet::role(Name topic, DefinitionIndex definition) {
  if (topic >= roles_.size()) roles_.resize(topic + 1);
  auto& roles = roles_[topic];
  const auto place = [&](DefinitionIndex index) {
    return std::tuple{std::string_view{definitions_[index].name}, index};
  };
  auto at = std::find_if(roles.begin(), roles.end(),
                         [&](const Role& role) { return place(role.definition) >= place(definition); });
  if (at == roles.end() || at->definition != definition) {
    at = roles.emplace(at);
    at->definition = definition;
  }
  return *at;
}

}  // namespace reel::tracker
