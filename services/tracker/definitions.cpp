#include "tracker/definitions.h"

#include <algorithm>

#include "event/uuid.h"

namespace reel::tracker {
namespace {

std::uint64_t nanoseconds(config::milliseconds span) {
  return static_cast<std::uint64_t>(span.count()) * 1'000'000;
}

std::string joined(const std::vector<std::string>& topics) {
  std::string text;
  for (const auto& topic : topics) text += (text.empty() ? "" : ",") + topic;
  return text;
}

std::string identity_of(const config::Expectation& expectation) {
  return expectation.after + (expectation.any_of.empty() ? " all " : " any ") +
         joined(expectation.expected()) + " " + std::to_string(expectation.within.count());
}

// Everything that a verdict depends on. Where it stands in the file does not matter, nor in which order the
// flows stand.
std::uint64_t digest_of(const std::string& name, const config::Flow& flow) {
  std::string text = flow.start + "|" + joined(flow.end) + "|" +
                     std::to_string(flow.within ? flow.within->count() : 0) + "|" + flow.on_overdue_publish;
  for (const auto& expectation : flow.expect) {
    text += "|" + identity_of(expectation) + " " + expectation.owner;
  }
  return hash_128({name, text}).low;
}

void refuse(const std::string& name, const std::string& what) {
  throw DefinitionError{"flow '" + name + "' " + what};
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
    if (expectation.within.count() <= 0) {
      refuse(name, "gives no time after '" + expectation.after + "': within must be longer than 0ms");
    }
  }
}

stored::Definition stored_form(const std::string& name, const config::Flow& flow) {
  stored::Definition stored;
  stored.set_name(name);
  stored.set_start(flow.start);
  for (const auto& expectation : flow.expect) {
    auto& to = *stored.add_expect();
    to.set_after(expectation.after);
    to.set_any_of(expectation.all_of.empty());
    for (const auto& topic : expectation.expected()) to.add_expected(topic);
    to.set_within_ms(static_cast<std::uint64_t>(expectation.within.count()));
    to.set_owner(expectation.owner);
  }
  for (const auto& topic : flow.end) stored.add_end(topic);
  if (flow.within) stored.set_within_ms(static_cast<std::uint64_t>(flow.within->count()));
  stored.set_on_overdue_publish(flow.on_overdue_publish);
  return stored;
}

config::Flow flow_of(const stored::Definition& stored) {
  config::Flow flow;
  flow.start = stored.start();
  for (const auto& from : stored.expect()) {
    config::Expectation expectation;
    expectation.after = from.after();
    auto& topics = from.any_of() ? expectation.any_of : expectation.all_of;
    topics.assign(from.expected().begin(), from.expected().end());
    expectation.within = config::milliseconds{from.within_ms()};
    expectation.owner = from.owner();
    flow.expect.push_back(std::move(expectation));
  }
  flow.end.assign(stored.end().begin(), stored.end().end());
  if (stored.within_ms() != 0) flow.within = config::milliseconds{stored.within_ms()};
  flow.on_overdue_publish = stored.on_overdue_publish();
  return flow;
}

}  // namespace

void DefinitionSet::add_stored(const stored::Definition& stored) {
  const config::Flow flow = flow_of(stored);
  definitions_[add(stored.name(), flow, digest_of(stored.name(), flow))].retired = true;
}

bool DefinitionSet::add_current(const std::string& name, const config::Flow& flow) {
  check(name, flow);
  const std::uint64_t digest = digest_of(name, flow);
  for (auto& known : definitions_) {
    if (known.name != name || known.digest != digest) continue;
    known.retired = false;
    return false;
  }
  if (definitions_.size() >= definitions_max) {
    throw DefinitionError{"more than " + std::to_string(definitions_max) +
                          " versions of flow definitions: begin with an empty tracker.data folder"};
  }
  add(name, flow, digest);
  return true;
}

DefinitionIndex DefinitionSet::add(const std::string& name, const config::Flow& flow, std::uint64_t digest) {
  const auto index = static_cast<DefinitionIndex>(definitions_.size());
  Definition& to = definitions_.emplace_back();
  to.name = name;
  to.digest = digest;
  to.on_overdue_publish = flow.on_overdue_publish;
  to.start = names_.intern(flow.start);
  if (to.start != 0) role(to.start, index).begins = true;

  for (const auto& expectation : flow.expect) {
    const auto number = static_cast<std::uint16_t>(to.rules.size());
    Rule& rule = to.rules.emplace_back();
    rule.after = names_.intern(expectation.after);
    rule.any_of = expectation.all_of.empty();
    rule.within = nanoseconds(expectation.within);
    rule.owner = expectation.owner;
    rule.identity = identity_of(expectation);
    Role& arming = role(rule.after, index);
    arming.arms.push_back(number);
    if (to.start == 0) arming.begins = true;
    for (std::size_t i = 0; i < expectation.expected().size(); ++i) {
      const Name topic = names_.intern(expectation.expected()[i]);
      rule.expected.push_back(topic);
      role(topic, index).meets.push_back({number, rule.any_of ? 1u : 1u << i});
    }
  }
  for (const auto& topic : flow.end) {
    to.ends.push_back(names_.intern(topic));
    role(to.ends.back(), index).ends = true;
  }
  Rule& whole = to.rules.emplace_back();
  whole.expected = to.ends;
  whole.within = flow.within ? nanoseconds(*flow.within) : 0;
  whole.identity = "whole flow " + std::to_string(flow.within ? flow.within->count() : 0);
  return index;
}

stored::Definition DefinitionSet::to_store(DefinitionIndex index) const {
  const Definition& from = definitions_[index];
  const auto text = [&](Name name) { return std::string{names_.text(name)}; };
  config::Flow flow;
  flow.start = text(from.start);
  for (const Rule& rule : from.rules) {
    if (&rule == &from.rules.back()) break;
    config::Expectation expectation;
    expectation.after = text(rule.after);
    for (const Name topic : rule.expected) {
      (rule.any_of ? expectation.any_of : expectation.all_of).push_back(text(topic));
    }
    expectation.within = config::milliseconds{rule.within / 1'000'000};
    expectation.owner = rule.owner;
    flow.expect.push_back(std::move(expectation));
  }
  for (const Name topic : from.ends) flow.end.push_back(text(topic));
  if (from.has_whole_flow()) flow.within = config::milliseconds{from.rules.back().within / 1'000'000};
  flow.on_overdue_publish = from.on_overdue_publish;
  return stored_form(from.name, flow);
}

Role& DefinitionSet::role(Name topic, DefinitionIndex definition) {
  if (topic >= roles_.size()) roles_.resize(topic + 1);
  auto& roles = roles_[topic];
  if (roles.empty() || roles.back().definition != definition) {
    roles.emplace_back().definition = definition;
  }
  return roles.back();
}

}  // namespace reel::tracker
