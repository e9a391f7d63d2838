// A configuration against what a running mesh does.
#include "cli/live_lint.h"

#include <doctest/doctest.h>

#include "config/flow_text.h"
#include "config/load.h"
#include "search/spans.h"

using namespace reel;
using namespace reel::cli;

namespace {

const std::string yaml = R"(
topics:
  a: {type: x.A}
  b: {type: x.B}
  c: {type: x.C}
  tick: {type: x.T, durable: false}
flows:
  f: {start: a, expect: [{after: a, any_of: [b], within: 5s}, {after: b, never: [c]}]}
)";

/// A mesh that does as the file says.
struct Running : LiveMesh {
  explicit Running(const config::Model& model) {
    for (const auto& [name, topic] : model.topics) {
      auto& row = *topics.add_topics();
      row.set_topic(name);
      row.set_type(topic.type);
      row.set_durable(topic.durable);
      row.set_published(1);
      if (topic.durable) row.add_services("somebody");
    }
    for (const auto& [name, flow] : model.flows) {
      auto& row = *definitions.add_definitions();
      row.set_name(name);
      row.set_text(config::text_of(flow));
    }
  }
  v1::TopicsReply::Topic& topic(const std::string& name) {
    for (auto& row : *topics.mutable_topics()) {
      if (row.topic() == name) return row;
    }
    throw std::out_of_range{name};
  }
};

std::string text(const config::Model& model, const LiveMesh& mesh) {
  std::string text;
  for (const auto& finding : live_findings(model, mesh)) text += (text.empty() ? "" : "\n") + finding;
  return text;
}

}  // namespace

TEST_CASE("a mesh that does as the file says has no findings") {
  const auto model = config::parse(yaml);
  CHECK(text(model, Running{model}) == "");
}

TEST_CASE(
    "a follow-up that nobody has published is looked for in the journal, and named if it is not there") {
  const auto model = config::parse(yaml);
  Running mesh{model};
  mesh.topic("b").set_published(0);
  mesh.topic("c").set_published(0);  // must not come
  CHECK(never_seen(model, mesh.topics) == std::set<std::string>{"b"});
  CHECK(text(model, mesh) == "");
  mesh.never_published = {"b"};
  CHECK(text(model, mesh) == "flows.f: nobody has ever published b, which is expected after a");
}

TEST_CASE("an expectation whose A no service hears cannot be answered") {
  const auto model = config::parse(yaml);
  Running mesh{model};
  mesh.topic("a").clear_services();
  mesh.topic("b").clear_services();  // after b something must not come: nothing is to be answered
  CHECK(text(model, mesh) == "flows.f: no service hears a, so that none can answer with b");
}

TEST_CASE("a topic that no service, route or flow knows what to do with is named") {
  const auto model = config::parse(yaml + "  g: {start: b, expect: [{after: b, any_of: [a], within: 5s}]}\n");
  Running mesh{model};
  mesh.topic("c").clear_services();
  CHECK(text(model, mesh) == "");  // a flow names it
  const auto lonely = config::parse(
      "topics: {a: {type: x.A}, b: {type: x.A}, c: {type: x.C}}\n"
      "routes: [{from: b, to: a}]\n");
  Running other{lonely};
  for (const char* name : {"b", "c"}) other.topic(name).clear_services();
  CHECK(text(lonely, other) ==
        "topics.c: nobody hears it: no service subscribes, and no route or flow names it");
}

TEST_CASE("what broker and tracker run and the file says otherwise waits for a reload") {
  const auto model = config::parse(yaml);
  Running mesh{model};
  mesh.topics.mutable_topics()->RemoveLast();  // tick
  mesh.topic("c").set_type("x.Other");
  auto& definition = *mesh.definitions.mutable_definitions(0);
  definition.set_text("{}");
  mesh.definitions.add_definitions()->set_name("old");
  CHECK(text(model, mesh) ==
        "topics.c: the broker takes x.Other on it, not x.C\n"
        "topics.tick: the broker does not know it (reel reload)\n"
        "flows.f: the tracker judges by another version (reel reload)\n"
        "flows.old: the tracker judges by it, and the file does not have it (reel reload)");
  mesh.definitions.clear_definitions();
  CHECK(text(model, mesh).find("flows.f: the tracker does not know it (reel reload)") != std::string::npos);
}

TEST_CASE("a time of the file that one in a hundred did not keep is named, once enough have come") {
  const auto model = config::parse(yaml);
  Running mesh{model};
  auto& edge = *mesh.edges.add_edges();
  edge.set_definition("f");
  edge.set_after("a");
  edge.add_expected("b");
  edge.set_any_of(true);
  const auto took = [&](std::uint64_t quick, std::uint64_t slow) {
    search::Spans times;
    for (std::uint64_t i = 0; i < quick; ++i) times.add(1'000'000'000);
    for (std::uint64_t i = 0; i < slow; ++i) times.add(8'000'000'000);
    edge.clear_times();
    times.write(*edge.mutable_times());
    edge.set_came(times.count());
  };
  took(49, 50);
  CHECK(text(model, mesh) == "");
  took(397, 3);
  CHECK(text(model, mesh) == "");
  took(394, 6);
  const std::string finding =
      "flows.f: b took up to 8s after a in 99 of 100 of 400 cases, and is given 5s: more time should be "
      "given";
  CHECK(text(model, mesh) == finding);
  edge.set_late(400);  // by a version that gave less; the file counts
  CHECK(text(model, mesh) == finding);
  took(400, 0);
  CHECK(text(model, mesh) == "");
  took(0, 400);
  edge.set_after("b");  // of a version that is no more
  CHECK(text(model, mesh) == "");
}
