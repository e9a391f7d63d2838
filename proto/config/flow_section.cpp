// flows: what is expected to follow what. Besides each definition's grammar, its sense is looked at: what may
// be a slip is a warning.
#include <algorithm>
#include <map>
#include <set>

#include "config/pattern_value.h"
#include "config/sections.h"
#include "config/service_name.h"

namespace reel::config {
namespace {

using namespace std::chrono_literals;

constexpr Range within_range = between(1ms, 24h * 365);
constexpr const char* overdue_type = "reel.v1.FlowOverdue";

// One definition while it is read.
struct Definition {
  Flow& flow;
  std::optional<SeenTopic> start;
  bool start_is_wrong = false;  ///< given, but no topic: nothing can be said about what it reaches
  std::vector<SeenTopic> afters;
  std::vector<SeenTopic> ends;
};

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

// What no chain of expectations leads to may come all the same: a cancelled order, a step of which nothing is
// expected. More often it is a slip, and then it would never be judged and nobody would notice.
void warn_of_unreachable(const Definition& definition, const Loading& loading) {
  // Without expectations nothing is said about what leads where: only start, end and the time between.
  if (definition.flow.expect.empty() || definition.start_is_wrong) return;
  const auto reached = reachable(definition, loading);
  const auto from = definition.start ? " that begins at '" + definition.start->topic + "'" : std::string{};
  const auto check = [&](const std::string& role, const SeenTopic& seen) {
    if (reached.contains(seen.topic)) return;
    loading.problems.warn(seen.value.place(),
                          role + " '" + seen.topic + "': no chain of expectations" + from + " leads to it");
  };
  for (const auto& after : definition.afters) check("after", after);
  for (const auto& end : definition.ends) check("end", end);
}

void warn_of_times(const Flow& flow, const Loading& loading) {
  if (!flow.within) return;
  for (const auto& expectation : flow.expect) {
    if (expectation.within <= *flow.within) continue;
    loading.problems.warn(expectation.place,
                          "within " +
                              to_text(durations, static_cast<std::uint64_t>(expectation.within.count())) +
                              " is longer than the whole flow's " +
                              to_text(durations, static_cast<std::uint64_t>(flow.within->count())));
  }
}

// Whether each A arms it, whatever it says.
bool is_owed_always(const Expectation& expectation) {
  const bool forbids = !expectation.never.empty() || (expectation.at_most != 0 && expectation.at_least == 0);
  return !forbids && expectation.when.empty() && !expectation.each && expectation.within.count() > 0;
}

// Without an end a flow is complete when nothing is owed: some follow-up must be one of which nothing
// follows. Where nothing is expected at all it is complete as soon as it begins, and its time is never up.
void warn_of_no_terminal(const Definition& definition, const Loading& loading) {
  const Flow& flow = definition.flow;
  if (!flow.end.empty() || definition.start_is_wrong) return;
  if (flow.expect.empty()) {
    loading.problems.warn(flow.place,
                          "no terminal: without 'expect' and 'end' a flow is complete as it begins");
    return;
  }
  std::set<std::string> owing;
  for (const auto& expectation : flow.expect) {
    if (is_owed_always(expectation)) owing.insert(expectation.after);
  }
  for (const auto& expectation : flow.expect) {
    if (expectation.every.count() > 0 || !is_owed_always(expectation)) return;
    for (const auto& topic : expectation.expected()) {
      if (!owing.contains(topic)) return;
    }
  }
  loading.problems.warn(
      flow.place,
      "no terminal: every follow-up is to be followed by another, so that without 'end' a flow "
      "is never complete");
}

// An event is of one flow.
void check_one_field(const std::string& topic, const Flow& flow, const Value& value, const Loading& loading) {
  for (const auto& [name, other] : loading.model.flows) {
    const auto field = other.correlate_by.find(topic);
    if (&other == &flow || field == other.correlate_by.end()) continue;
    if (field->second == flow.correlate_by.at(topic)) continue;
    return value.refuse("'" + shown(value.path()) + "' names another field than 'flows." + name +
                        ".correlate_by' does, " + field->second + ": an event is of one flow");
  }
}

void read_correlate_by(Section& section, Flow& flow, const Loading& loading) {
  const auto correlate_by = section.find("correlate_by");
  if (!correlate_by) return;
  auto topics = correlate_by->section();
  for (const auto& [topic, value] : topics.named()) {
    if (loading.topics_known && !loading.model.topics.contains(topic))
      value.refuse_key("unknown topic '" + shown(topic) + "' in '" + shown(correlate_by->path()) + "'");
    flow.correlate_by[topic] = read_field(value, topic, loading);
    check_one_field(topic, flow, value, loading);
  }
}

// A definition of what has no beginning: it judges no flows, but each value of `per` for itself.
void check_dead_man(const Section& section, const Flow& flow) {
  const bool any = std::any_of(flow.expect.begin(), flow.expect.end(),
                               [](const Expectation& expectation) { return expectation.every.count() > 0; });
  if (!any) return;
  if (flow.expect.size() > 1)
    section.refuse_here("an expectation with 'every' is the only one of its definition");
  section.refuse_beside({"start", "when", "end", "within"}, "has no meaning where 'every' is expected");
}

void read_start(Section& section, Definition& definition, const Loading& loading) {
  const auto start = section.find("start");
  if (start) {
    definition.start = read_seen_topic(*start, loading);
    definition.start_is_wrong = !definition.start;
    if (definition.start) definition.flow.start = definition.start->topic;
  }
  const auto when = section.find("when");
  if (!when) return;
  if (!start) return when->refuse_key("'when' is about the start event, it needs 'start'");
  definition.flow.when = read_pattern(*when, type_of(definition.flow.start, loading)).value_or("");
}

void read_flow(const Value& value, Flow& flow, const Loading& loading) {
  flow.place = value.key_place();
  auto section = value.section();
  Definition definition{flow, {}, false, {}, {}};
  read_start(section, definition, loading);
  const auto expect = section.find("expect");
  if (expect) {
    for (const auto& item : expect->list()) {
      auto read = read_expectation(item, loading);
      if (read.after) definition.afters.push_back(*std::move(read.after));
      flow.expect.push_back(std::move(read.expectation));
    }
  }
  if (const auto end = section.find("end")) {
    definition.ends = read_seen_topics(*end, loading);
    for (const auto& seen : definition.ends) flow.end.push_back(seen.topic);
  }
  if (const auto within = section.find("within")) flow.within = within->duration(within_range);
  read_on_overdue(section, flow, loading);
  read_correlate_by(section, flow, loading);
  auto concern = read_concern(section);
  flow.warn_at = concern.warn_at;
  flow.severity = concern.severity;
  flow.owner = std::move(concern.owner);
  flow.runbook = std::move(concern.runbook);

  const bool expects = expect.has_value();
  if (!expects && !section.has("within"))
    section.refuse_here("'" + shown(value.path()) + "' expects nothing, it needs 'expect' or 'within'");
  if (!expects && section.has("within") && !section.has("start"))
    section.refuse_here("'" + shown(value.path()) + "' applies to no flow, it needs 'start' or 'expect'");
  check_dead_man(section, flow);
  warn_of_unreachable(definition, loading);
  warn_of_no_terminal(definition, loading);
  warn_of_times(flow, loading);
}

}  // namespace

std::optional<SeenTopic> read_seen_topic(const Value& value, const Loading& loading) {
  auto name = read_topic_name(value, loading);
  if (!name) return std::nullopt;
  const auto topic = loading.model.topics.find(*name);
  if (topic != loading.model.topics.end() && !topic->second.durable)
    value.refuse("topic '" + *name + "' is not durable, so the tracker never sees it");
  return SeenTopic{std::move(*name), value};
}

std::vector<SeenTopic> read_seen_topics(const Value& value, const Loading& loading) {
  std::vector<SeenTopic> topics;
  std::set<std::string> seen;
  for (const auto& item : value.list()) {
    auto one = read_seen_topic(item, loading);
    if (!one) continue;
    if (!seen.insert(one->topic).second) item.refuse("'" + one->topic + "' is given twice");
    topics.push_back(std::move(*one));
  }
  return topics;
}

// The journal does not wait for flows: of one that is open for longer than it keeps events, the first are no
// longer there to be shown, or to find a cause by.
void warn_of_retention(const Loading& loading) {
  const auto retain = loading.model.broker.journal.retain;
  for (const auto& [name, flow] : loading.model.flows) {
    auto longest = flow.within.value_or(0ms);
    for (const auto& expectation : flow.expect) longest = std::max(longest, expectation.within);
    if (longest <= retain) continue;
    const auto text = [](milliseconds span) {
      return to_text(durations, static_cast<std::uint64_t>(span.count()));
    };
    loading.problems.warn(flow.place, "a flow may be open for " + text(longest) +
                                          ", and the journal keeps events for " + text(retain) +
                                          " (broker.journal.retain)");
  }
}

void read_flows(Section& root, Loading& loading) {
  auto section = root.section("flows");
  const auto named = section.named();
  for (const auto& [name, value] : named) loading.model.flows[name];  // any may be a part of any other
  for (const auto& [name, value] : named) {
    if (const auto wrong = check_service_name(name))
      value.refuse_key("flow name '" + shown(name) + "' is not valid: " + *wrong);
    read_flow(value, loading.model.flows[name], loading);
  }
}

}  // namespace reel::config
