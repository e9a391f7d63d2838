// flows: what is expected to follow what. Besides each definition's grammar, its sense is checked: what can
// never be reached from its start would never be judged, and nobody would notice.
#include <map>
#include <set>

#include "config/sections.h"
#include "config/service_name.h"

namespace reel::config {
namespace {

using namespace std::chrono_literals;

constexpr Range within_range = between(1ms, 24h * 365);
constexpr const char* overdue_type = "reel.v1.FlowOverdue";

// A topic with the value that names it, for what is found only when the whole definition is known.
struct Named {
  std::string topic;
  Value value;
};

// One definition while it is read.
struct Definition {
  Flow& flow;
  std::optional<Named> start;
  bool start_is_wrong = false;  ///< given, but no topic: nothing can be said about what it reaches
  std::vector<Named> afters;
  std::vector<Named> ends;
};

// A topic the tracker can see.
std::optional<Named> read_seen_topic(const Value& value, const Loading& loading) {
  auto name = read_topic_name(value, loading);
  if (!name) return std::nullopt;
  const auto topic = loading.model.topics.find(*name);
  if (topic != loading.model.topics.end() && !topic->second.durable)
    value.refuse("topic '" + *name + "' is not durable, so the tracker never sees it");
  return Named{std::move(*name), value};
}

std::vector<Named> read_topic_list(const Value& value, const Loading& loading) {
  std::vector<Named> topics;
  std::set<std::string> seen;
  for (const auto& item : value.list()) {
    auto named = read_seen_topic(item, loading);
    if (!named) continue;
    if (!seen.insert(named->topic).second) item.refuse("'" + named->topic + "' is given twice");
    topics.push_back(std::move(*named));
  }
  return topics;
}

std::vector<std::string> names(const std::vector<Named>& topics) {
  std::vector<std::string> result;
  for (const auto& named : topics) result.push_back(named.topic);
  return result;
}

void read_owner(Section& section, std::string& owner) {
  const auto value = section.find("owner");
  if (!value) return;
  owner = value->text().value_or("");
  if (owner.empty()) return;
  if (const auto wrong = check_service_name(owner))
    value->refuse("service name '" + shown(owner) + "' is not valid: " + *wrong);
}

// Exactly one of the two is what is expected.
void read_expected(Section& section, Expectation& expectation, const Loading& loading) {
  const auto any_of = section.find("any_of");
  const auto all_of = section.find("all_of");
  for (const auto& value : {any_of, all_of}) {
    if (!value) continue;
    const auto before = loading.problems.count();
    const auto items = value->list();
    if (items.empty() && loading.problems.count() == before)
      value->refuse("'" + shown(value->path()) + "' is empty");
  }
  if (any_of) expectation.any_of = names(read_topic_list(*any_of, loading));
  if (all_of) expectation.all_of = names(read_topic_list(*all_of, loading));
  if (any_of && all_of) all_of->refuse_key("an expectation has 'any_of' or 'all_of', not both");
  if (!any_of && !all_of) section.refuse_here("an expectation needs 'any_of' or 'all_of'");
}

void read_expectation(const Value& item, Definition& definition, const Loading& loading) {
  Expectation expectation;
  expectation.place = item.place();
  auto section = item.section();
  section.refuse("when", "is not supported yet");
  if (const auto after = section.need("after")) {
    if (auto named = read_seen_topic(*after, loading)) {
      expectation.after = named->topic;
      definition.afters.push_back(std::move(*named));
    }
  }
  read_expected(section, expectation, loading);
  if (const auto within = section.need("within"))
    expectation.within = within->duration(within_range).value_or(expectation.within);
  read_owner(section, expectation.owner);
  definition.flow.expect.push_back(std::move(expectation));
}

void read_on_overdue(Section& section, Flow& flow, const Loading& loading) {
  const auto value = section.find("on_overdue");
  if (!value) return;
  auto body = value->section();
  const auto publish = body.need("publish");
  const auto name = publish ? read_topic_name(*publish, loading) : std::nullopt;
  if (!name) return;
  flow.on_overdue_publish = *name;
  const auto topic = loading.model.topics.find(*name);
  if (topic == loading.model.topics.end() || topic->second.type.empty() || topic->second.type == overdue_type)
    return;
  publish->refuse("topic '" + *name + "' has type " + shown(topic->second.type) +
                  ", on_overdue publishes a " + overdue_type);
}

// Every topic that events of this definition may be on: from its start (or, without one, from each `after`)
// along its expectations and the routes.
std::set<std::string> reachable(const Definition& definition, const Loading& loading) {
  std::multimap<std::string, const std::string*> leads_to;
  for (const auto& expectation : definition.flow.expect) {
    for (const auto* list : {&expectation.any_of, &expectation.all_of}) {
      for (const auto& topic : *list) leads_to.emplace(expectation.after, &topic);
    }
  }
  for (const auto& route : loading.model.routes) leads_to.emplace(route.from, &route.to);

  std::set<std::string> reached;
  std::vector<std::string> queue;
  const auto reach = [&](const std::string& topic) {
    if (reached.insert(topic).second) queue.push_back(topic);
  };
  if (definition.start) {
    reach(definition.start->topic);
  } else {
    for (const auto& after : definition.afters) reach(after.topic);
  }
  while (!queue.empty()) {
    const auto topic = std::move(queue.back());
    queue.pop_back();
    const auto [begin, end] = leads_to.equal_range(topic);
    for (auto lead = begin; lead != end; ++lead) reach(*lead->second);
  }
  return reached;
}

void check_reachable(const Definition& definition, const Loading& loading) {
  // Without expectations nothing is said about what leads where: only start, end and the time between.
  if (definition.flow.expect.empty() || definition.start_is_wrong) return;
  const auto reached = reachable(definition, loading);
  const auto from = definition.start ? " that begins at '" + definition.start->topic + "'" : std::string{};
  const auto check = [&](const std::string& role, const Named& named) {
    if (reached.contains(named.topic)) return;
    named.value.refuse(role + " '" + named.topic + "' is never reachable, no chain of expectations" + from +
                       " leads to it");
  };
  for (const auto& after : definition.afters) check("after", after);
  for (const auto& end : definition.ends) check("end", end);
}

void read_flow(const Value& value, Flow& flow, const Loading& loading) {
  flow.place = value.key_place();
  auto section = value.section();
  Definition definition{flow};
  if (const auto start = section.find("start")) {
    definition.start = read_seen_topic(*start, loading);
    definition.start_is_wrong = !definition.start;
    if (definition.start) flow.start = definition.start->topic;
  }
  const auto expect = section.find("expect");
  if (expect) {
    for (const auto& item : expect->list()) read_expectation(item, definition, loading);
  }
  if (const auto end = section.find("end")) {
    definition.ends = read_topic_list(*end, loading);
    flow.end = names(definition.ends);
  }
  if (const auto within = section.find("within")) flow.within = within->duration(within_range);
  read_on_overdue(section, flow, loading);

  const bool expects = expect.has_value();
  if (!expects && !section.has("within"))
    section.refuse_here("'" + shown(value.path()) + "' expects nothing, it needs 'expect' or 'within'");
  if (!expects && section.has("within") && !section.has("start"))
    section.refuse_here("'" + shown(value.path()) + "' applies to no flow, it needs 'start' or 'expect'");
  check_reachable(definition, loading);
}

}  // namespace

void read_flows(Section& root, Loading& loading) {
  auto section = root.section("flows");
  for (const auto& [name, value] : section.named()) {
    if (const auto wrong = check_service_name(name))
      value.refuse_key("flow name '" + shown(name) + "' is not valid: " + *wrong);
    read_flow(value, loading.model.flows[name], loading);
  }
}

}  // namespace reel::config
