// Sub-flows: a flow that is a part of another is one step of it. docs/flows.md, Sub-flows.
#include <doctest/doctest.h>

#include <random>

#include "tracker_bench.h"

using namespace reel;
using namespace reel::tracker;
using namespace reel::tracker::bench;

namespace {

/// `order` waits for a packing after each a; a packing begins with c and ends with d, a crate with e.
TrackerBench packing() {
  return TrackerBench{
      flows_of_yaml("  order: {start: a, expect: [{after: a, any_of: [{flow: packing}], within: 10s}]}\n"
                    "  packing: {start: c, expect: [{after: c, any_of: [d], within: 5s}], end: [d]}\n")};
}

}  // namespace

TEST_CASE("a part is a step of the whole where it begins, and meets what is expected where it completes") {
  auto bench = packing();
  bench.sees("a", "order-1");
  bench.passes(1s);
  bench.sees("c", "parcel-1", {.parent = "order-1"});
  CHECK(bench.steps("order-1") == "a, flow packing");
  CHECK(bench.expectations("order-1") == "a -> flow packing waiting");
  bench.passes(1s);
  bench.sees("d", "parcel-1");
  CHECK(bench.expectations("order-1") == "a -> flow packing met");
  CHECK(bench.steps("order-1") == "a, flow packing");
  CHECK(bench.verdicts() == "parcel-1: completed by d\norder-1: completed");
}

TEST_CASE("a part that does not complete in time makes the whole overdue, and completes it late") {
  auto bench = packing();
  bench.sees("a", "order-1");
  bench.sees("c", "parcel-1", {.parent = "order-1"});
  bench.passes(12s);
  CHECK(bench.verdicts() == "parcel-1: d overdue after c\norder-1: flow packing overdue after a");
  CHECK(bench.state("order-1") == "overdue");
  bench.sees("d", "parcel-1");
  CHECK(bench.verdicts() ==
        "parcel-1: c resolved, late by 7s\nparcel-1: completed by d, met late 1\n"
        "order-1: a resolved, late by 2s\norder-1: completed, met late 1");
}

TEST_CASE("which flow it is a part of is what its first event says") {
  auto bench = packing();
  bench.sees("a", "order-1");
  bench.sees("c", "parcel-1");
  bench.sees("d", "parcel-1", {.parent = "order-1"});
  CHECK(bench.expectations("order-1") == "a -> flow packing waiting");
  bench.sees("c", "order-1", {.parent = "order-1"});  // of itself
  CHECK(bench.steps("order-1") == "a, c");
}

TEST_CASE("one part for each A: the first that completes meets all that wait, as any B does") {
  auto bench = packing();
  bench.sees("a", "order-1");
  bench.sees("c", "parcel-1", {.parent = "order-1"});
  bench.sees("a", "order-1");
  bench.sees("c", "parcel-2", {.parent = "order-1"});
  bench.sees("d", "parcel-2");
  CHECK(bench.expectations("order-1") == "a -> flow packing met, a -> flow packing met");
  bench.sees("d", "parcel-1");
  CHECK(bench.steps("order-1") == "a, flow packing, a, flow packing");
}

TEST_CASE("a part remembers its whole across a restart and a redelivery") {
  auto bench = packing();
  bench.sees("a", "order-1");
  bench.sees("c", "parcel-1", {.parent = "order-1"});
  bench.restarts();
  bench.redelivers_last();
  CHECK(bench.steps("order-1") == "a, flow packing");
  bench.sees("d", "parcel-1");
  CHECK(bench.expectations("order-1") == "a -> flow packing met");
}

TEST_CASE("a whole may be a part itself, and its completion is told on") {
  TrackerBench bench{
      flows_of_yaml("  order: {start: a, expect: [{after: a, any_of: [{flow: packing}], within: 10s}]}\n"
                    "  packing: {start: b, expect: [{after: b, any_of: [{flow: crate}], within: 8s}]}\n"
                    "  crate: {start: c, expect: [{after: c, any_of: [d], within: 5s}], end: [d]}\n")};
  bench.sees("a", "order-1");
  bench.sees("b", "parcel-1", {.parent = "order-1"});
  bench.sees("c", "crate-1", {.parent = "parcel-1"});
  bench.sees("d", "crate-1");
  CHECK(bench.verdicts() == "crate-1: completed by d\nparcel-1: completed\norder-1: completed");
}

TEST_CASE("flows that name each other as their whole tell each other and come to an end") {
  TrackerBench bench{
      flows_of_yaml("  x: {start: a, expect: [{after: a, any_of: [{flow: y}, d], within: 10s}]}\n"
                    "  y: {start: b, expect: [{after: b, any_of: [{flow: x}, d], within: 10s}]}\n")};
  bench.sees("a", "one", {.parent = "two"});
  bench.sees("b", "two", {.parent = "one"});
  bench.sees("d", "one");
  // `two` was begun by its part, before its own first event came, and that names `one` all the same.
  CHECK(bench.verdicts() == "one: completed\ntwo: completed");
}

TEST_CASE("a part of a flow that nobody has seen makes it known") {
  auto bench = packing();
  bench.sees("c", "parcel-1", {.parent = "order-9"});
  CHECK(bench.state("order-9") == "untracked");
  CHECK(bench.steps("order-9") == "flow packing");
  bench.sees("a", "order-9");
  bench.sees("d", "parcel-1");
  CHECK(bench.expectations("order-9") == "a -> flow packing met");
}

TEST_CASE("a whole whose part began first is a part itself, as its own first event says") {
  TrackerBench bench{
      flows_of_yaml("  order: {start: a, expect: [{after: a, any_of: [{flow: packing}], within: 10s}]}\n"
                    "  packing: {start: b, expect: [{after: b, any_of: [{flow: crate}], within: 8s}]}\n"
                    "  crate: {start: c, expect: [{after: c, any_of: [d], within: 5s}], end: [d]}\n")};
  bench.sees("a", "order-1");
  bench.sees("c", "crate-1", {.parent = "parcel-1"});  // before the parcel itself is known
  bench.restarts();
  bench.sees("b", "parcel-1", {.parent = "order-1"});
  CHECK(bench.steps("order-1") == "a, flow packing");
  bench.sees("e", "parcel-1", {.parent = "somebody-else"});  // not its first
  bench.sees("d", "crate-1");
  CHECK(bench.verdicts() == "crate-1: completed by d\nparcel-1: completed\norder-1: completed");
}

TEST_CASE("a part that completes by the passing of time meets at that time") {
  TrackerBench bench{flows_of_yaml(
      "  order: {start: a, expect: [{after: a, any_of: [{flow: quiet}], within: 10s}]}\n"
      "  quiet: {start: c, expect: [{after: c, any_of: [d], at_least: 1, at_most: 2, within: 5s}]}\n")};
  bench.sees("a", "order-1");
  bench.sees("c", "q-1", {.parent = "order-1"});
  bench.sees("d", "q-1");
  CHECK(bench.expectations("order-1") == "a -> flow quiet waiting");
  bench.passes(6s);
  CHECK(bench.expectations("order-1") == "a -> flow quiet met");
}

namespace {

/// A trace of a whole and its part that are due at exactly the same time; which of them lies first in memory
/// is the trace's, and a restart's, to say.
std::string judged_in_a_tie(bool whole_first, bool restarted) {
  TrackerBench bench{flows_of_yaml(
      "  order: {start: a, expect: [{after: a, any_of: [{flow: quiet}], within: 5s}]}\n"
      "  quiet: {start: c, expect: [{after: c, any_of: [d], at_least: 1, at_most: 2, within: 5s}]}\n")};
  if (whole_first) bench.sees("a", "order-1");
  bench.sees("c", "q-1", {.parent = "order-1"});
  if (!whole_first) bench.sees("a", "order-1");
  bench.sees("d", "q-1");
  if (restarted) bench.restarts();
  bench.passes(10s);
  return bench.verdicts() + "\n" + bench.expectations("order-1");
}

}  // namespace

TEST_CASE(
    "a part that time completes at exactly the deadline of its whole is in time, whatever comes first") {
  const std::string met = "q-1: completed\norder-1: completed\na -> flow quiet met";
  for (const bool whole_first : {false, true}) {
    for (const bool restarted : {false, true}) CHECK(judged_in_a_tie(whole_first, restarted) == met);
  }
}

TEST_CASE("parts within parts that are due at the same time are judged from the innermost on") {
  TrackerBench bench{flows_of_yaml(
      "  order: {start: a, expect: [{after: a, any_of: [{flow: packing}], within: 5s}]}\n"
      "  packing: {start: b, expect: [{after: b, any_of: [{flow: quiet}], within: 8s}]}\n"
      "  quiet: {start: c, expect: [{after: c, any_of: [d], at_least: 1, at_most: 2, within: 5s}]}\n")};
  bench.sees("a", "order-1");
  bench.sees("b", "parcel-1", {.parent = "order-1"});
  bench.sees("c", "q-1", {.parent = "parcel-1"});
  bench.sees("d", "q-1");
  bench.passes(10s);
  CHECK(bench.verdicts() == "q-1: completed\nparcel-1: completed\norder-1: completed");
}

TEST_CASE("flows that are due at the same time are judged in the order in which they were armed") {
  for (const bool restarted : {false, true}) {
    TrackerBench bench{
        flows_of_yaml("  order: {start: a, expect: [{after: a, any_of: [b], by: data.due, within: 1h}]}\n")};
    const std::string due = R"({"due": "2023-11-14T22:14:20Z"})";  // a minute from the beginning
    for (const char* flow : {"z", "y", "x"}) bench.sees("d", flow);
    for (const char* flow : {"x", "z", "y"}) bench.sees("a", flow, {.data = due});
    if (restarted) bench.restarts();
    bench.passes(2min);
    CHECK(bench.verdicts() == "x: b overdue after a\nz: b overdue after a\ny: b overdue after a");
  }
}

namespace {

// Few flows, few distances in time: wholes, parts and parts of parts fall due together often.
std::string judged_at_random(std::uint64_t number, bool with_restarts) {
  TrackerBench bench{flows_of_yaml(
      "  order: {start: a, expect: [{after: a, any_of: [{flow: packing}, {flow: quiet}], within: 4s}]}\n"
      "  packing: {start: b, expect: [{after: b, any_of: [{flow: quiet}], within: 2s}], within: 4s}\n"
      "  quiet: {start: c, expect: [{after: c, any_of: [d], at_least: 1, at_most: 2, within: 2s}]}\n")};
  std::mt19937_64 random{number};
  const auto one_of = [&](const char* letter, std::uint64_t count) {
    return letter + std::to_string(random() % count);
  };
  std::string said;
  for (std::uint64_t left = 5 + random() % 20; left != 0; --left) {
    switch (random() % 5) {
      case 0: bench.sees("a", one_of("o", 2)); break;
      case 1: bench.sees("b", one_of("p", 2), {.parent = one_of("o", 2)}); break;
      case 2: bench.sees("c", one_of("q", 4), {.parent = one_of(random() % 3 == 0 ? "o" : "p", 2)}); break;
      default: bench.sees("d", one_of("q", 4)); break;
    }
    bench.passes(std::chrono::seconds{random() % 3});
    if (random() % 2 == 0 && with_restarts) bench.restarts();
  }
  bench.passes(10s);
  return bench.verdicts();
}

}  // namespace

TEST_CASE("wholes and parts that fall due together: restarts change no verdict and no order") {
  for (std::uint64_t number = 0; number < 2'000; ++number) {
    INFO("case " << number);
    REQUIRE(judged_at_random(number, true) == judged_at_random(number, false));
  }
}

TEST_CASE("a flow that is a part under two definitions is a step under each") {
  TrackerBench bench{flows_of_yaml(
      "  order: {start: a, expect: [{after: a, all_of: [{flow: packing}, {flow: insured}], within: 9s}]}\n"
      "  packing: {start: c, expect: [{after: c, any_of: [d], within: 5s}], end: [d]}\n"
      "  insured: {start: c, expect: [{after: c, any_of: [e], within: 5s}], end: [e]}\n")};
  bench.sees("a", "order-1");
  bench.sees("c", "parcel-1", {.parent = "order-1"});
  CHECK(bench.steps("order-1") == "a, flow insured, flow packing");
  bench.sees("d", "parcel-1");
  CHECK(bench.expectations("order-1") == "a -> flow packing & flow insured waiting");
  bench.restarts();
  bench.sees("e", "parcel-1");
  CHECK(bench.expectations("order-1") == "a -> flow packing & flow insured met");
  CHECK(bench.steps("order-1") == "a, flow insured, flow packing");
}
