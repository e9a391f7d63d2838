// Open flows under another version of their definition: what goes on, what is judged from the recorded steps,
// and that nothing told is unsaid.
#include <doctest/doctest.h>

#include "tracker_bench.h"

using namespace reel;
using namespace reel::tracker;
using namespace reel::tracker::bench;

namespace {

std::map<std::string, config::Flow> flow_f(const std::string& expect, const std::string& more = {}) {
  return flows_of_yaml("  f: {start: a, expect: [" + expect + "]" + more + "}\n");
}

const std::string b_soon = "{after: a, any_of: [b], within: 3s}";
const std::string b_later = "{after: a, any_of: [b], within: 10s}";
const std::string c_late = "{after: a, any_of: [c], within: 1h}";

}  // namespace

TEST_CASE("an open flow keeps the version it began with, and the next one has the new") {
  TrackerBench bench{flow_f(b_later)};
  bench.sees("a", "old");
  bench.redefines(flow_f(b_soon));
  bench.sees("a", "new");
  bench.passes(4s);
  CHECK(bench.verdicts() == "new: b overdue after a");
  CHECK(bench.state("old") == "open");
}

TEST_CASE("a flow that moves to a shorter time is overdue at once where that time is over") {
  TrackerBench bench{flow_f(b_later)};
  bench.sees("a", "x");
  bench.passes(5s);
  bench.redefines(flow_f(b_soon));
  CHECK(bench.reapplies("x"));
  CHECK(bench.verdicts() == "x: b overdue after a, detected late");
  CHECK(bench.expectations("x") == "a -> b overdue");
  CHECK_FALSE(bench.reapplies("x"));
  bench.restarts();
  bench.sees("b", "x");
  CHECK(bench.verdicts() == "x: a resolved, late by 2s\nx: completed, met late 1");
}

TEST_CASE("a flow that moves to a longer time has that much from where A came") {
  TrackerBench bench{flow_f(b_soon)};
  bench.sees("a", "x");
  bench.passes(2s);
  bench.redefines(flow_f(b_later));
  CHECK(bench.reapplies("x"));
  bench.passes(7s);
  CHECK(bench.verdicts() == "");
  bench.passes(2s);
  CHECK(bench.verdicts() == "x: b overdue after a");
}

TEST_CASE("what was told overdue stays so until it comes, whatever the new version allows") {
  TrackerBench bench{flow_f(b_soon)};
  bench.sees("a", "x");
  bench.passes(4s);
  CHECK(bench.verdicts() == "x: b overdue after a");
  bench.redefines(flow_f(b_later + ", " + c_late));
  CHECK(bench.reapplies("x"));
  CHECK(bench.state("x") == "overdue");
  CHECK(bench.expectations("x") == "a -> b overdue, a -> c waiting");
  bench.passes(7s);
  CHECK(bench.verdicts() == "");  // not told again at the new deadline
  bench.sees("b", "x");
  CHECK(bench.verdicts() == "x: a resolved, late by 8s");
}

TEST_CASE("what is left behind neither arms anew nor completes, and holds back that the flow is complete") {
  TrackerBench bench{flow_f(b_soon)};
  bench.sees("a", "x");
  bench.passes(4s);
  bench.redefines(flow_f(b_later));
  CHECK(bench.reapplies("x"));
  bench.restarts();
  CHECK(bench.state("x") == "overdue");
  bench.sees("a", "x");
  CHECK(bench.expectations("x") == "a -> b overdue, a -> b waiting");
  bench.sees("b", "x");
  CHECK(bench.verdicts() == "x: b overdue after a\nx: a resolved, late by 1s\nx: completed, met late 1");
  CHECK(bench.state("x") == "completed");
}

TEST_CASE("a flow that moves twice leaves each version what that one has told") {
  TrackerBench bench{flow_f(b_soon)};
  bench.sees("a", "x");
  bench.passes(4s);
  bench.redefines(flow_f(b_later + ", {after: a, any_of: [d], within: 5s}"));
  CHECK(bench.reapplies("x"));
  bench.passes(2s);
  CHECK(bench.verdicts() == "x: b overdue after a\nx: d overdue after a");
  bench.redefines(flow_f("{after: a, any_of: [d], within: 50s}, " + c_late));
  CHECK(bench.reapplies("x"));
  CHECK_FALSE(bench.reapplies("x"));
  CHECK(bench.expectations("x") == "a -> b overdue, a -> d overdue, a -> c waiting");
  bench.sees("d", "x");
  bench.sees("c", "x");
  CHECK(bench.verdicts() == "x: a resolved, late by 1s");  // b is owed still
  bench.waives("x");
  CHECK(bench.verdicts().find("completed") != std::string::npos);
  CHECK(bench.state("x") == "completed");
}

TEST_CASE("what is overdue and said in the same words goes on under the new version") {
  TrackerBench bench{flow_f(b_soon)};
  bench.sees("a", "x");
  bench.passes(4s);
  bench.redefines(flow_f(b_soon + ", " + c_late));
  CHECK(bench.reapplies("x"));
  CHECK(bench.expectations("x") == "a -> b overdue, a -> c waiting");
  bench.sees("b", "x");
  bench.sees("c", "x");
  CHECK(bench.verdicts() == "x: b overdue after a\nx: a resolved, late by 1s\nx: completed, met late 1");
}

TEST_CASE("what had come too late by the new version is noted, and nobody is told") {
  TrackerBench bench{flow_f(b_later + ", " + c_late)};
  bench.sees("a", "x");
  bench.passes(5s);
  bench.sees("b", "x");
  bench.redefines(flow_f(b_soon + ", " + c_late));
  CHECK(bench.reapplies("x"));
  CHECK(bench.verdicts() == "");
  CHECK(bench.expectations("x") == "a -> b met late, a -> c waiting");
  bench.sees("c", "x");
  CHECK(bench.verdicts() == "x: completed, met late 1");
}

TEST_CASE("a flow that has seen what the new version calls its end is complete") {
  TrackerBench bench{flow_f(c_late)};
  bench.sees("a", "x");
  bench.sees("d", "x");
  bench.redefines(flow_f(c_late, ", end: [d]"));
  CHECK(bench.reapplies("x"));
  CHECK(bench.verdicts() == "x: completed by d");
  CHECK(bench.expectations("x") == "a -> c cancelled");
}

TEST_CASE("a flow of which the new version expects nothing more is complete") {
  TrackerBench bench{flow_f(b_later + ", " + c_late)};
  bench.sees("a", "x");
  bench.sees("b", "x");
  bench.redefines(flow_f(b_later));
  CHECK(bench.reapplies("x"));
  CHECK(bench.verdicts() == "x: completed");
  CHECK(bench.expectations("x") == "a -> b met");
}

TEST_CASE(
    "what asks for payloads goes on where it was said before, and begins with the next event where not") {
  const std::string where = "{after: a, any_of: [b], where: {data.k: data.k}, within: 10s}";
  TrackerBench bench{flow_f(where)};
  bench.sees("a", "x", {.data = R"({"k": 1})"});
  bench.redefines(
      flow_f(where + ", {after: a, when: {data: {k: [{exists: true}]}}, any_of: [c], within: 10s}"));
  CHECK(bench.reapplies("x"));
  CHECK(bench.expectations("x") == "a -> b waiting");
  bench.sees("a", "x", {.data = R"({"k": 2})"});
  CHECK(bench.expectations("x") == "a -> b waiting, a -> b waiting, a -> c waiting");
  bench.sees("b", "x", {.data = R"({"k": 1})"});
  CHECK(bench.expectations("x") == "a -> b met, a -> b waiting, a -> c waiting");
}

TEST_CASE(
    "a flow that the new version would not begin stays under the old one, and so does a completed one") {
  TrackerBench bench{flow_f(b_later)};
  bench.sees("a", "open");
  bench.sees("a", "done");
  bench.sees("b", "done");
  bench.redefines(flows_of_yaml("  f: {start: e, expect: [{after: e, any_of: [b], within: 1s}]}\n"));
  CHECK_FALSE(bench.reapplies("open"));
  CHECK_FALSE(bench.reapplies("done"));
  CHECK_FALSE(bench.reapplies("nobody knows"));
  bench.passes(11s);
  CHECK(bench.verdicts() == "done: completed\nopen: b overdue after a");
}

TEST_CASE("the deadline of the whole flow moves with it") {
  TrackerBench bench{flow_f(c_late, ", within: 2h")};
  bench.sees("a", "x");
  bench.passes(1min);
  bench.redefines(flow_f(c_late, ", within: 30s"));
  CHECK(bench.reapplies("x"));
  CHECK(bench.state("x") == "overdue");
  bench.sees("c", "x");
  CHECK(bench.state("x") == "completed");
}

TEST_CASE("a version that comes back is the one it was") {
  TrackerBench bench{flow_f(b_later)};
  bench.sees("a", "x");
  bench.redefines(flow_f(b_soon));
  bench.redefines(flow_f(b_later));
  CHECK_FALSE(bench.reapplies("x"));
  CHECK(bench.definitions().size() == 2);
}
