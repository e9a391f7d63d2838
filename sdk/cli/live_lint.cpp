#include "cli/live_lint.h"

#include <chrono>
#include <map>

#include "cli/duration_text.h"
#include "config/flow_text.h"
#include "event/subflow.h"
#include "search/spans.h"

namespace reel::cli {
namespace {

using TopicRows = std::map<std::string, const v1::TopicsReply::Topic*>;

TopicRows rows_of(const v1::TopicsReply& topics) {
  TopicRows rows;
  for (const auto& row : topics.topics()) rows.emplace(row.topic(), &row);
  return rows;
}

/// What must come, as opposed to what must not.
const std::vector<std::string>& must_come(const config::Expectation& expectation) {
  static const std::vector<std::string> nothing;
  const bool forbids = !expectation.never.empty() || (expectation.at_most != 0 && expectation.at_least == 0);
  return forbids ? nothing : expectation.expected();
}

/// Topics that something other than a service reads: the tracker for a definition, the broker for a route.
std::set<std::string> named_topics(const config::Model& model) {
  std::set<std::string> named;
  for (const auto& route : model.routes) named.insert(route.from);
  for (const auto& [name, flow] : model.flows) {
    named.insert(flow.start);
    named.insert(flow.end.begin(), flow.end.end());
    for (const auto& expectation : flow.expect) {
      named.insert(expectation.after);
      for (const auto* topics : {&expectation.expected(), &expectation.until, &expectation.extended_by})
        named.insert(topics->begin(), topics->end());
    }
  }
  return named;
}

std::string alternatives(const std::vector<std::string>& topics, const char* word) {
  std::string text;
  for (const auto& topic : topics) text += (text.empty() ? "" : word) + topic;
  return text;
}

void judge_topics(const config::Model& model, const TopicRows& rows, std::vector<std::string>& findings) {
  const auto named = named_topics(model);
  for (const auto& [name, topic] : model.topics) {
    const auto row = rows.find(name);
    if (row == rows.end()) {
      findings.push_back("topics." + name + ": the broker does not know it (reel reload)");
    } else if (row->second->type() != topic.type) {
      findings.push_back("topics." + name + ": the broker takes " + row->second->type() + " on it, not " +
                         topic.type);
    } else if (topic.durable && row->second->services().empty() && !named.contains(name)) {
      findings.push_back("topics." + name +
                         ": nobody hears it: no service subscribes, and no route or flow names it");
    }
  }
}

void judge_flow(const std::string& name, const config::Flow& flow, const TopicRows& rows,
                const LiveMesh& mesh, std::vector<std::string>& findings) {
  std::set<std::string> told;
  for (const auto& expectation : flow.expect) {
    for (const auto& topic : must_come(expectation)) {
      if (!mesh.never_published.contains(topic) || !told.insert(topic).second) continue;
      findings.push_back("flows." + name + ": nobody has ever published " + topic +
                         (expectation.after.empty() ? "" : ", which is expected after " + expectation.after));
    }
    const auto after = rows.find(expectation.after);
    if (must_come(expectation).empty() || after == rows.end() || !after->second->durable()) continue;
    if (!after->second->services().empty()) continue;
    findings.push_back("flows." + name + ": no service hears " + expectation.after +
                       ", so that none can answer with " +
                       alternatives(must_come(expectation), expectation.any_of.empty() ? " and " : " or "));
  }
}

// What the file gives, as a time from A on; 0 where that is not what its rule is about.
std::chrono::nanoseconds given_by(const config::Expectation& expectation) {
  const bool differs = expectation.from_start || !expectation.by.empty() || !expectation.extended_by.empty();
  return differs ? config::milliseconds{0} : expectation.within;
}

// More than one in a hundred took longer than the file gives, whatever the version gave that they came under.
void judge_times(const std::string& name, const config::Flow& flow, const v1::EdgesReply& edges,
                 std::vector<std::string>& findings) {
  for (const auto& edge : edges.edges()) {
    if (edge.definition() != name || edge.came() < came_enough) continue;
    const std::chrono::nanoseconds took{search::Spans::read(edge.times()).quantile(0.99)};
    const std::vector<std::string> expected{edge.expected().begin(), edge.expected().end()};
    for (const auto& expectation : flow.expect) {
      if (expectation.after != edge.after() || must_come(expectation) != expected) continue;
      const auto given = given_by(expectation);
      if (given.count() == 0 || took <= given) continue;
      findings.push_back("flows." + name + ": " + alternatives(expected, edge.any_of() ? " or " : " and ") +
                         " took up to " + duration_text(took) + " after " + edge.after() +
                         " in 99 of 100 of " + std::to_string(edge.came()) + " cases, and is given " +
                         duration_text(given) + ": more time should be given");
      break;
    }
  }
}

void judge_versions(const config::Model& model, const LiveMesh& mesh, std::vector<std::string>& findings) {
  std::map<std::string, std::string> run;
  for (const auto& definition : mesh.definitions.definitions())
    run.emplace(definition.name(), definition.text());
  for (const auto& [name, flow] : model.flows) {
    const auto known = run.find(name);
    if (known == run.end()) {
      findings.push_back("flows." + name + ": the tracker does not know it (reel reload)");
    } else if (known->second != config::text_of(flow)) {
      findings.push_back("flows." + name + ": the tracker judges by another version (reel reload)");
    }
  }
  for (const auto& [name, text] : run) {
    if (!model.flows.contains(name))
      findings.push_back("flows." + name +
                         ": the tracker judges by it, and the file does not have it (reel reload)");
  }
}

}  // namespace

std::set<std::string> never_seen(const config::Model& model, const v1::TopicsReply& topics) {
  const auto rows = rows_of(topics);
  std::set<std::string> unseen;
  for (const auto& [name, flow] : model.flows) {
    for (const auto& expectation : flow.expect) {
      for (const auto& topic : must_come(expectation)) {
        const auto row = rows.find(topic);
        // What is not journaled leaves no trace, and a sub-flow is no topic.
        const bool traceless = row != rows.end() && !row->second->durable();
        if (is_subflow_name(topic) || traceless) continue;
        if (row == rows.end() || row->second->published() == 0) unseen.insert(topic);
      }
    }
  }
  return unseen;
}

std::vector<std::string> live_findings(const config::Model& model, const LiveMesh& mesh) {
  const auto rows = rows_of(mesh.topics);
  std::vector<std::string> findings;
  judge_topics(model, rows, findings);
  for (const auto& [name, flow] : model.flows) {
    judge_flow(name, flow, rows, mesh, findings);
    judge_times(name, flow, mesh.edges, findings);
  }
  judge_versions(model, mesh, findings);
  return findings;
}

}  // namespace reel::cli
