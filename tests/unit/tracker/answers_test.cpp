#include "tracker/answers.h"

#include <doctest/doctest.h>

#include "watch_bench.h"

using namespace reel;
using namespace reel::tracker;
using namespace reel::tracker::bench;

namespace {

const std::string definitions =
    "flow goods\na -> b within 5s\n"
    "flow money end paid\nbilled -> paid within 1h by accounting";

std::string page(WatchBench& bench, std::vector<v1::FlowState> states, std::uint32_t limit = 0,
                 std::string* after = nullptr, const std::string& definition = {}) {
  v1::Request request;
  for (const auto state : states) request.mutable_flows()->add_states(state);
  request.mutable_flows()->set_limit(limit);
  request.mutable_flows()->set_definition(definition);
  if (after) request.mutable_flows()->set_after(*after);
  const auto reply = bench.asks(request);
  if (!reply.error().empty()) return reply.error();
  std::string text;
  for (const auto& flow : reply.flows().flows()) {
    text += (text.empty() ? "" : ", ") + flow.correlationid() + " " + name_of(flow.state());
  }
  if (after) *after = reply.flows().next();
  return text;
}

}  // namespace

TEST_CASE("flows are listed by state, newest first") {
  WatchBench bench{definitions};
  bench.publishes("a", "1");
  bench.publishes("a", "2");
  bench.publishes("b", "2");
  bench.publishes("noise", "3");
  bench.passes(6s);
  bench.publishes("billed", "4");
  bench.works();
  CHECK(page(bench, {}) == "4 open, 3 untracked, 2 completed, 1 overdue");
  CHECK(page(bench, {v1::FLOW_STATE_OVERDUE}) == "1 overdue");
  CHECK(page(bench, {v1::FLOW_STATE_OVERDUE, v1::FLOW_STATE_COMPLETED}) == "2 completed, 1 overdue");
  CHECK(page(bench, {}, 0, nullptr, "money") == "4 open");
  CHECK(page(bench, {}, 0, nullptr, "nothing") == "");
}

TEST_CASE("a listing is paged, and every flow is on one page") {
  WatchBench bench{definitions};
  for (int i = 1; i <= 7; ++i) bench.publishes(i % 2 == 0 ? "a" : "noise", std::to_string(i));
  bench.works();
  std::string after;
  CHECK(page(bench, {}, 3, &after) == "7 untracked, 6 open, 5 untracked");
  CHECK(page(bench, {}, 3, &after) == "4 open, 3 untracked, 2 open");
  CHECK(page(bench, {}, 3, &after) == "1 untracked");
  CHECK(after == "");
  after = "nonsense";
  CHECK(page(bench, {}, 3, &after) == "'nonsense' is not the `next` of a page of flows");
}

TEST_CASE("a question is answered with what was judged, checkpoint or not") {
  WatchBench bench{definitions};
  bench.publishes("a", "1");
  bench.passes(6s);
  for (int i = 0; i < 3; ++i) REQUIRE(bench.watch().turn(0ms, {}));
  CHECK(bench.bus.acknowledged() == 0);
  CHECK(page(bench, {}) == "1 overdue");
  CHECK(bench.summary().overdue() == 1);
}

TEST_CASE("a flow is told with its steps, its causes and what is owed") {
  WatchBench bench{definitions};
  bench.publishes("billed", "1", "0190b3c4-89ab-7cde-8123-456789abcdef");
  bench.bus.append({.log_time = 0,
                    .source = "svc/2",
                    .topic = "noise",
                    .id = "n",
                    .correlationid = "1",
                    .causationid = "0190b3c4-89ab-7cde-8123-456789abcdef",
                    .data = ""});
  bench.works();
  const auto told = bench.flow("1");
  CHECK(told.summary().ShortDebugString() ==
        "correlationid: \"1\" state: FLOW_STATE_OPEN definitions: \"money\" first_topic: \"billed\" "
        "last_topic: \"noise\" started_at: 1700000000000000000 last_at: 1700000000000000001 events: 2");
  REQUIRE(told.steps_size() == 2);
  CHECK(told.steps(1).ShortDebugString() ==
        "offset: 2 recordedtime: 1700000000000000001 id: \"n\" causationid: "
        "\"0190b3c4-89ab-7cde-8123-456789abcdef\" "
        "topic: \"noise\" source: \"svc/2\"");
  REQUIRE(told.expectations_size() == 1);
  CHECK(told.expectations(0).ShortDebugString() ==
        "definition: \"money\" after: \"billed\" expected: \"paid\" any_of: true missing: \"paid\" owner: "
        "\"accounting\" verdict: VERDICT_WAITING armed_at: 1700000000000000000 deadline: 1700003600000000000 "
        "after_id: \"0190b3c4-89ab-7cde-8123-456789abcdef\" after_offset: 1");
}

TEST_CASE("what cannot be answered is said in a sentence") {
  WatchBench bench{definitions};
  v1::Request request;
  request.set_id(9);
  request.mutable_flow()->set_correlationid("nobody");
  CHECK(bench.asks(request).ShortDebugString() ==
        "id: 9 error: \"no flow has the correlation id \\'nobody\\'\"");
  request.mutable_topics();
  CHECK(bench.asks(request).error() == "the tracker answers questions about flows: flows, flow, summary");
}

TEST_CASE(
    "what must not come is told as such: nothing is missing of it, and without a deadline it has none") {
  WatchBench bench{definitions};
  bench.stops();
  bench.redefines(
      flows_of_yaml("  f: {expect: [{after: a, never: [b]}, {after: a, any_of: [c], at_most: 2, "
                    "not_before: 1s, within: 5s, severity: critical, runbook: read}], end: [e]}\n"));
  bench.starts();
  bench.publishes("a", "1");
  bench.works();
  const auto before = bench.flow("1").expectations();
  REQUIRE(before.size() == 2);
  CHECK(before[0].never());
  CHECK(before[0].deadline() == 0);
  CHECK(before[0].missing().empty());
  CHECK(before[1].at_most() == 2);
  CHECK(before[1].not_before() == 1'000'000'000);
  CHECK(before[1].missing().empty());
  CHECK(before[1].severity() == "critical");
  CHECK(before[1].runbook() == "read");

  v1::Request why;
  why.mutable_why()->set_correlationid("1");
  v1::Reply told;
  bench.watch().ask(why, {}, [&](v1::Reply reply) { told = std::move(reply); });
  CHECK(told.why().findings().empty());

  bench.publishes("b", "1");
  bench.works();
  CHECK(bench.flow("1").expectations(0).verdict() == v1::VERDICT_BROKEN);
  CHECK(bench.published() == "reel.flow.violated 1");
}
