// The language of flow definitions beyond "after A expect B within T": one test for each word of it, and what
// it means at its edges. docs/flows.md has the same cases.
#include <doctest/doctest.h>

#include <random>

#include "config/flow_text.h"
#include "event/utf8.h"
#include "tracker_bench.h"

using namespace reel;
using namespace reel::tracker;
using namespace reel::tracker::bench;

namespace {

TrackerBench of(const std::string& expectation, const std::string& more = "") {
  return TrackerBench{flows_of_yaml("  f: {" + more + "expect: [{" + expectation + "}]}\n")};
}

}  // namespace

TEST_CASE("when: only an A that matches arms") {
  auto bench = of("after: a, any_of: [b], within: 5s, when: {data: {express: [true]}}");
  bench.sees("a", "x", {.data = R"({"express": false})"});
  CHECK(bench.expectations("x") == "");
  bench.sees("a", "x", {.data = R"({"express": true})"});
  CHECK(bench.expectations("x") == "a -> b waiting");
}

TEST_CASE("when on the start: a flow whose start does not match is not judged") {
  auto bench = of("after: a, any_of: [b], within: 5s", "start: a, when: {subject: [vip]}, ");
  bench.sees("a", "x", {.subject = "other"});
  bench.sees("a", "y", {.subject = "vip"});
  CHECK(bench.state("x") == "untracked");
  CHECK(bench.state("y") == "open");
}

TEST_CASE("where: a B counts only for the A it compares with") {
  auto bench = of("after: a, any_of: [b], within: 5s, where: {data.item: data.item}");
  bench.sees("a", "x", {.data = R"({"item": "p"})"});
  bench.sees("a", "x", {.data = R"({"item": "q"})"});
  bench.sees("b", "x", {.data = R"({"item": "q"})"});
  CHECK(bench.expectations("x") == "a -> b waiting, a -> b met");
  bench.restarts();
  bench.passes(6s);
  CHECK(bench.verdicts() == "x: b overdue after a");
  bench.sees("b", "x", {.data = R"({"item": "p"})"});
  CHECK(bench.verdicts() == "x: a resolved, late by 1s\nx: completed, met late 1");
}

TEST_CASE(
    "where: numbers are compared as numbers, times as times, and a missing field equals a missing one") {
  auto bench = of(
      "after: a, any_of: [b], within: 5s, where: {data.paid: {'>=': data.total}, data.at: {'<': data.due}}");
  bench.sees("a", "x", {.data = R"({"total": 9.5, "due": "2026-01-01T00:00:00Z"})"});
  bench.sees("b", "x", {.data = R"({"paid": 10, "at": "2026-01-01T00:00:00.1Z"})"});
  CHECK(bench.expectations("x") == "a -> b waiting");
  bench.sees("b", "x", {.data = R"({"paid": 10, "at": "2025-12-31T23:59:59.5Z"})"});
  CHECK(bench.expectations("x") == "a -> b met");
  auto same = of("after: a, any_of: [b], within: 5s, where: {data.at: data.due}");
  same.sees("a", "x", {.data = R"({"due": "2026-01-01T00:00:00Z"})"});
  same.sees("b", "x", {.data = R"({"at": "2026-01-01T01:00:00.000+01:00"})"});
  CHECK(same.expectations("x") == "a -> b met");
  auto subject = of("after: a, any_of: [b], within: 5s, where: {subject: subject}");
  subject.sees("a", "x");
  subject.sees("b", "x", {.subject = "s"});
  CHECK(subject.expectations("x") == "a -> b waiting");
  subject.sees("b", "x");
  CHECK(subject.expectations("x") == "a -> b met");
}

TEST_CASE("each: one B for every item of A, and the missing ones are named") {
  auto bench = of("after: a, any_of: [b], within: 5s, each: {item: data.lines.sku, matches: data.sku}");
  bench.sees("a", "x", {.data = R"({"lines": [{"sku": "p"}, {"sku": "q"}, {"sku": "r"}, {"sku": "p"}]})"});
  bench.sees("b", "x", {.data = R"({"sku": "p"})"});
  bench.sees("b", "x", {.data = R"({"sku": "p"})"});
  bench.sees("b", "x", {.data = R"({"sku": "elsewhere"})"});
  bench.restarts();
  bench.passes(6s);
  auto verdicts = bench.tracker().take_verdicts();
  REQUIRE(verdicts.size() == 1);
  CHECK(verdicts[0].items.total == 3);
  CHECK(verdicts[0].items.done == 1);
  CHECK(verdicts[0].items.missing == std::vector<std::string>{"q", "r"});
  bench.sees("b", "x", {.data = R"({"sku": "r"})"});
  bench.sees("b", "x", {.data = R"({"sku": "q"})"});
  CHECK(bench.expectations("x") == "a -> b met late");
}

TEST_CASE("each: of no items nothing is owed") {
  auto bench = of("after: a, any_of: [b], within: 5s, each: {item: data.lines.sku, matches: data.sku}");
  bench.sees("a", "x", {.data = R"({"lines": []})"});
  CHECK(bench.expectations("x") == "");
  CHECK(bench.state("x") == "completed");
}

TEST_CASE("at_least: so many, in time") {
  auto bench = of("after: a, any_of: [b, c], at_least: 3, within: 5s");
  bench.sees("a", "x");
  bench.sees("b", "x");
  bench.sees("c", "x");
  CHECK(bench.expectations("x") == "a -> b | c waiting");
  bench.passes(6s);
  CHECK(bench.verdicts() == "x: b | c overdue after a");
  bench.sees("b", "x");
  CHECK(bench.expectations("x") == "a -> b | c met late");
}

TEST_CASE("at_most: one more breaks it, and it is met when the time is over") {
  auto bench = of("after: a, any_of: [b], at_most: 2, within: 5s", "end: [e], ");
  bench.sees("a", "x");
  bench.sees("a", "y");
  for (int i = 0; i < 2; ++i) bench.sees("b", "x"), bench.sees("b", "y");
  CHECK(bench.verdicts() == "");
  bench.sees("b", "x");
  CHECK(bench.verdicts() == "x: b too often after a");
  bench.passes(6s);
  CHECK(bench.verdicts() == "");
  CHECK(bench.expectations("x") == "a -> b broken");
  CHECK(bench.expectations("y") == "a -> b met");
  bench.sees("b", "y");
  CHECK(bench.verdicts() == "");
}

TEST_CASE("at_least and at_most together are decided when the time is over") {
  auto bench = of("after: a, any_of: [b], at_least: 1, at_most: 2, within: 5s");
  bench.sees("a", "x");
  bench.sees("b", "x");
  CHECK(bench.state("x") == "open");
  bench.passes(6s);
  CHECK(bench.verdicts() == "x: completed");
  bench.sees("a", "y");
  bench.passes(6s);
  CHECK(bench.verdicts() == "y: b overdue after a");
}

TEST_CASE("at_least and at_most: where enough has come by the flow's end it is met, since no more can come") {
  auto bench = of("after: a, any_of: [b], at_least: 1, at_most: 2, within: 5s", "end: [e], ");
  for (const char* flow : {"x", "y"}) bench.sees("a", flow);
  bench.sees("b", "x");
  for (const char* flow : {"x", "y"}) bench.sees("e", flow);
  CHECK(bench.expectations("x") == "a -> b met");
  CHECK(bench.expectations("y") == "a -> b cancelled");
}

TEST_CASE("at_least and at_most: met by time, it completes a flow whose own time was over before") {
  auto bench = of("after: a, any_of: [b], at_least: 1, at_most: 2, within: 5s", "within: 2s, ");
  bench.sees("a", "x");
  bench.sees("b", "x");
  bench.passes(5s);
  CHECK(bench.verdicts() ==
        "x: the end overdue after the whole flow\nx: the whole flow resolved, late by 3s\n"
        "x: completed, met late 1");
}

TEST_CASE("not_before: a B that comes too soon breaks the rule") {
  auto bench = of("after: a, any_of: [b], not_before: 2s, within: 5s");
  bench.sees("a", "x");
  bench.sees("a", "y");
  bench.silence(1999ms);
  bench.sees("b", "x");
  bench.silence(1ms);
  bench.sees("b", "y");
  CHECK(bench.verdicts() == "x: b too soon after a\nx: completed\ny: completed");
  CHECK(bench.expectations("x") == "a -> b broken");
  CHECK(bench.expectations("y") == "a -> b met");
}

TEST_CASE("never within a time: exactly at its end it is still forbidden, behind it is not") {
  auto bench = of("after: a, never: [b], within: 5s");
  bench.sees("a", "x");
  bench.sees("a", "y");
  bench.silence(5s);
  bench.sees("b", "x");
  bench.silence(1ns);
  bench.sees("b", "y");
  CHECK(bench.verdicts() == "x: completed\ny: completed\nx: b forbidden after a");
  CHECK(bench.expectations("x") == "a -> b broken");
  CHECK(bench.expectations("y") == "a -> b met");
}

TEST_CASE("never: what time ended while its flow was away is over when the flow comes back") {
  auto bench = of("after: a, never: [b], within: 5s");
  bench.sees("a", "x");
  CHECK(bench.state("x") == "completed");
  bench.restarts();
  bench.passes(5s);
  bench.restarts();
  bench.sees("b", "x");
  CHECK(bench.expectations("x") == "a -> b met");
}

TEST_CASE("never by a time that had passed: met at once, also when it is stored") {
  auto bench = of("after: a, never: [b], by: data.due", "end: [e], ");
  // One nanosecond before the bench begins.
  bench.sees("a", "x", {.data = R"({"due": "2023-11-14T22:13:19.999999999Z"})"});
  bench.passes(1ns);
  bench.restarts();
  bench.sees("b", "x");
  CHECK(bench.verdicts() == "");
  CHECK(bench.expectations("x") == "a -> b met");
}

TEST_CASE("never until: what lifts it ends it") {
  auto bench = of("after: a, never: [b], until: [c]", "end: [e], ");
  bench.sees("a", "x");
  bench.sees("a", "y");
  bench.sees("c", "x");
  bench.sees("b", "x");
  bench.sees("b", "y");
  CHECK(bench.verdicts() == "y: b forbidden after a");
  CHECK(bench.expectations("x") == "a -> b met");
}

TEST_CASE("never at all: kept until the flow ends, and no deadline is armed for it") {
  auto bench = of("after: a, never: [b]", "end: [e], ");
  bench.sees("a", "x");
  CHECK(bench.tracker().timers() == 0);
  bench.restarts();
  bench.sees("e", "x");
  CHECK(bench.expectations("x") == "a -> b met");
  CHECK(bench.verdicts() == "x: completed by e");
}

TEST_CASE("from start: the time runs from the flow's start") {
  auto bench = of("after: b, any_of: [c], within: 5s, from: start", "start: a, end: [e], ");
  bench.sees("a", "x");
  bench.silence(4s);
  bench.sees("b", "x");
  bench.passes(1s);
  CHECK(bench.verdicts() == "x: c overdue after b");
}

TEST_CASE("by: the deadline stands in A") {
  auto bench = of("after: a, any_of: [b], by: data.due");
  // The bench begins at 2023-11-14T22:13:20Z.
  bench.sees("a", "x", {.data = R"({"due": "2023-11-14T22:13:30Z"})"});
  bench.passes(9s);
  CHECK(bench.verdicts() == "");
  bench.restarts();
  bench.passes(1s);
  CHECK(bench.verdicts() == "x: b overdue after a");
}

TEST_CASE("by: a time that has passed is overdue at once; one that A does not say arms nothing") {
  auto bench = of("after: a, any_of: [b], by: data.due");
  bench.sees("a", "x", {.data = R"({"due": "2023-01-01T00:00:00Z"})"});
  bench.sees("a", "y", {.data = R"({"due": "tomorrow"})"});
  bench.restarts();
  bench.passes(1ns);
  CHECK(bench.verdicts() == "y: completed\nx: b overdue after a");
}

TEST_CASE("by and within: the earlier of the two") {
  auto bench = of("after: a, any_of: [b], by: data.due, within: 3s");
  bench.sees("a", "x", {.data = R"({"due": "2023-11-14T22:13:22Z"})"});
  bench.sees("a", "y", {.data = R"({"due": "2023-11-14T22:13:29Z"})"});
  bench.passes(2s);
  CHECK(bench.verdicts() == "x: b overdue after a");
  bench.passes(1s);
  CHECK(bench.verdicts() == "y: b overdue after a");
}

TEST_CASE("extended_by: progress lets the time begin anew, and never the whole flow's") {
  auto bench = of("after: a, any_of: [b], within: 5s, extended_by: [c]", "start: a, within: 8s, end: [b], ");
  bench.sees("a", "x");
  bench.silence(4s);
  bench.sees("c", "x");
  bench.passes(2s);
  CHECK(bench.verdicts() == "");
  bench.restarts();
  bench.passes(2s);
  CHECK(bench.verdicts() == "x: b overdue after the whole flow");
  bench.passes(1s);
  CHECK(bench.verdicts() == "x: b overdue after a");
}

TEST_CASE("extended_by and by: progress extends the time, never beyond what A says") {
  auto bench = of("after: a, any_of: [b], within: 5s, extended_by: [c], by: data.due");
  bench.sees("a", "x", {.data = R"({"due": "2023-11-14T22:13:27Z"})"});
  bench.silence(4s);
  bench.sees("c", "x");
  bench.restarts();
  bench.silence(2s);
  bench.sees("c", "x");
  bench.passes(999ms);
  CHECK(bench.verdicts() == "");
  bench.passes(1ms);
  CHECK(bench.verdicts() == "x: b overdue after a");
}

TEST_CASE("warn_at: of what has enough nobody is warned") {
  auto bench = of("after: a, any_of: [b], at_least: 1, at_most: 2, within: 10s, warn_at: 80%", "end: [e], ");
  for (const char* flow : {"x", "y"}) bench.sees("a", flow);
  bench.sees("b", "x");
  bench.passes(9s);
  CHECK(bench.verdicts() == "y: b warned of after a");
}

TEST_CASE("warn_at: once, before the deadline") {
  auto bench = of("after: a, any_of: [b], within: 10s, warn_at: 80%");
  bench.sees("a", "x");
  bench.passes(7999ms);
  CHECK(bench.verdicts() == "");
  bench.passes(1ms);
  CHECK(bench.verdicts() == "x: b warned of after a");
  bench.restarts();
  bench.passes(1s);
  CHECK(bench.verdicts() == "");
  bench.passes(1s);
  CHECK(bench.verdicts() == "x: b overdue after a");
}

TEST_CASE("what came in time is not warned of") {
  auto bench = of("after: a, any_of: [b], within: 10s, warn_at: 80%");
  bench.sees("a", "x");
  bench.passes(5s);
  bench.sees("b", "x");
  bench.passes(20s);
  CHECK(bench.verdicts() == "x: completed");
}

TEST_CASE("every: each key is a flow of its own, overdue when it is silent and resolved when it speaks") {
  auto bench = of("every: 10s, any_of: [a], per: data.symbol");
  const Sent eur{.data = R"({"symbol": "EUR"})"};
  const Sent usd{.data = R"({"symbol": "USD"})"};
  bench.sees("a", "1", eur);
  bench.sees("a", "2", usd);
  for (int i = 0; i < 3; ++i) {
    bench.passes(9s);
    bench.sees("a", "1", eur);
  }
  CHECK(bench.verdicts() == "f:USD: a overdue after a");
  bench.restarts();
  CHECK(bench.steps("f:EUR") == "a");
  bench.sees("a", "2", usd);
  CHECK(bench.verdicts() == "f:USD: a resolved, late by 17s");
  CHECK(bench.state("f:USD") == "open");
  bench.passes(11s);
  CHECK(bench.verdicts() == "f:EUR: a overdue after a\nf:USD: a overdue after a");
}

TEST_CASE("every: the flow of a long key has a name that is a correlation id") {
  auto bench = of("every: 10s, any_of: [a], per: data.symbol");
  std::string symbol = "a";
  for (int i = 0; i < 120; ++i) symbol += "ä";
  for (const std::string& key : {symbol, symbol + symbol}) {
    bench.sees("a", "1", {.data = R"({"symbol": ")" + key + R"("})"});
    bench.passes(11s);
    const std::string verdicts = bench.verdicts();
    const std::string flow = verdicts.substr(0, verdicts.rfind(": a overdue"));
    CHECK(flow.starts_with("f:aä"));
    CHECK(flow.size() <= 256);
    CHECK(is_utf8(flow));
  }
}

TEST_CASE("every: a silent key that was waived is waited for again from when it speaks on") {
  auto bench = of("every: 10s, any_of: [a]");
  for (int time = 1; time <= 2; ++time) {
    bench.sees("a", "1");
    bench.passes(11s);
    CHECK(bench.verdicts() == "f: a overdue after a");
    bench.waives("f");
    CHECK(bench.verdicts() ==
          (time == 1 ? "f: a waived\nf: completed" : "f: a waived\nf: completed, time 2"));
    bench.restarts();
    bench.passes(1h);
    CHECK(bench.verdicts() == "");
  }
}

TEST_CASE("every: an event that comes twice counts once") {
  auto bench = of("every: 10s, any_of: [a]");
  bench.sees("a", "1", {.id = "same"});
  bench.passes(9s);
  bench.sees("a", "1", {.id = "same"});
  bench.passes(1s);
  CHECK(bench.verdicts() == "f: a overdue after a");
}

TEST_CASE("correlate_by: what carries no correlation id of its own joins the flow that its field names") {
  auto bench = of("after: a, any_of: [b], within: 5s", "correlate_by: {b: data.order}, ");
  bench.sees("a", "order-7");
  bench.sees("b", "e9", {.id = "e9", .data = R"({"order": "order-7"})"});
  CHECK(bench.expectations("order-7") == "a -> b met");
  bench.sees("b", "own", {.data = R"({"order": "order-8"})"});
  CHECK(bench.state("order-8") == "none");
}

TEST_CASE("each word of the language survives the store") {
  const auto flows = flows_of_yaml(R"(  f:
    start: a
    when: {subject: [x]}
    expect:
      - {after: a, any_of: [b], within: 5s, when: {data: {n: [1]}}, where: {data.x: {"<": data.y}, subject: subject}}
      - {after: a, any_of: [b], by: data.due, each: {item: data.l.s, matches: data.s}, severity: critical}
      - {after: a, any_of: [b], at_least: 2, at_most: 3, not_before: 1s, within: 5s, from: start, warn_at: 80%}
      - {after: a, never: [c], until: [d], owner: o, runbook: r}
      - {after: a, all_of: [b, c], within: 5s, extended_by: [d]}
    end: [e]
    within: 1h
    correlate_by: {b: data.k}
    warn_at: 50%
    severity: info
    owner: o
    runbook: r
)");
  const std::string text = config::text_of(flows.at("f"));
  CHECK(config::text_of(config::flow_of(text)) == text);
  const auto every = flows_of_yaml("  f: {expect: [{every: 10s, any_of: [a], per: data.s}]}\n");
  CHECK(config::text_of(config::flow_of(config::text_of(every.at("f")))) == config::text_of(every.at("f")));
}

TEST_CASE("a damaged stored definition is said to be one") {
  CHECK_THROWS_WITH_AS(config::flow_of("{"), doctest::Contains("this is no flow definition as it is kept: "),
                       config::FlowTextError);
}

// ---- many expectations in one flow: what an event costs is counted, in claims and items that it is held
// against

TEST_CASE("where: of a hundred thousand open expectations an event is held against those it may be for") {
  auto bench = of("after: a, any_of: [b], within: 1h, where: {data.item: data.item}");
  constexpr int count = 100'000;
  const auto item = [](int number) { return R"({"item": )" + std::to_string(number) + "}"; };
  for (int i = 0; i < count; ++i) bench.sees("a", "x", {.data = item(i)});
  for (int i = count; i-- > 1;) bench.sees("b", "x", {.data = item(i)});
  CHECK(bench.tracker().claims_asked() < 3 * count);
  bench.passes(2h);
  CHECK(bench.verdicts() == "x: b overdue after a");
  bench.sees("b", "x", {.data = R"({"item": 0.0})"});
  CHECK(bench.verdicts() == "x: a resolved, late by 3600s\nx: completed, met late 1");
}

TEST_CASE("each: of ten thousand items an event is held against those it may be for") {
  auto bench = of("after: a, any_of: [b], within: 1h, each: {item: data.lines.sku, matches: data.skus}");
  std::string lines;
  for (int i = 0; i < 10'000; ++i)
    lines += (i == 0 ? "" : ",") + (R"({"sku": "s)" + std::to_string(i)) + "\"}";
  bench.sees("a", "x", {.data = R"({"lines": [)" + lines + "]}"});
  for (int i = 0; i < 10'000; i += 2) {
    bench.sees("b", "x",
               {.data = R"({"skus": ["s)" + std::to_string(i) + R"(", "s)" + std::to_string(i + 1) +
                        R"(", "elsewhere"]})"});
  }
  CHECK(bench.tracker().claims_asked() < 3 * 10'000);
  CHECK(bench.verdicts() == "x: completed");
}

TEST_CASE("extended_by: a flow of many expectations remembers no more times than it has expectations") {
  auto bench = of("after: a, any_of: [b], within: 1h, extended_by: [c]");
  for (int i = 0; i < 1'000; ++i) bench.sees("a", "x");
  for (int i = 0; i < 100; ++i) {
    bench.passes(1s);
    bench.sees("c", "x");
  }
  auto& flows = bench.tracker().flows();
  CHECK(flows.open(flows.find(packed_id("x"))).due.size() <= 2 * 1'000 + 64);
  bench.passes(59min);
  CHECK(bench.verdicts() == "");
  bench.passes(2min);
  CHECK(bench.state("x") == "overdue");
}

TEST_CASE("a flow of many expectations judges each as a flow of its own would") {
  const std::vector<std::string> said{"{}",
                                      R"({"v": 1})",
                                      R"({"v": 1.0})",
                                      R"({"v": "1"})",
                                      R"({"v": 0})",
                                      R"({"v": -0.0})",
                                      R"({"v": true})",
                                      R"({"v": null})",
                                      R"({"v": "2026-01-01T00:00:00Z"})",
                                      R"({"v": "2026-01-01T01:00:00.000+01:00"})",
                                      R"({"v": ["1", 2, "p"]})",
                                      R"({"v": "p"})",
                                      R"({"v": [2, 0]})"};
  for (const char* how : {"where: {data.v: data.v}", "each: {item: data.v, matches: data.v}",
                          "where: {data.v: {'=': data.v, '>=': data.v}}"}) {
    auto bench = of(std::string{"after: a, any_of: [b], within: 5s, not_before: 1s, "} + how);
    constexpr std::size_t many = 700;  // more than looked_up_from
    std::mt19937 random{7};
    for (std::size_t i = 0; i < many; ++i) {
      const std::string& a = said[random() % said.size()];
      bench.sees("a", "all", {.data = a});
      bench.sees("a", "x" + std::to_string(i), {.data = a});
    }
    bench.passes(1s);
    for (int left = 8; left != 0; --left) {
      const std::string& b = said[random() % said.size()];
      bench.sees("b", "all", {.data = b});
      for (std::size_t i = 0; i < many; ++i) bench.sees("b", "x" + std::to_string(i), {.data = b});
    }
    std::string one_by_one;
    for (std::size_t i = 0; i < many; ++i) {
      const std::string verdict = bench.expectations("x" + std::to_string(i));
      if (!verdict.empty()) one_by_one += (one_by_one.empty() ? "" : ", ") + verdict;
    }
    CHECK(bench.expectations("all") == one_by_one);
  }
}

TEST_CASE("every: a correlation id that is a key's name is a flow of its own, whichever came first") {
  for (const bool flow_first : {false, true}) {
    CAPTURE(flow_first);
    TrackerBench bench{
        flows_of_yaml("  beat: {expect: [{every: 10s, any_of: [a], per: data.symbol}]}\n"
                      "  order: {start: c, expect: [{after: c, any_of: [d], within: 15s}]}\n")};
    const Sent eur{.data = R"({"symbol": "EUR"})"};
    if (flow_first) bench.sees("c", "beat:EUR");
    bench.sees("a", "1", eur);
    if (!flow_first) bench.sees("c", "beat:EUR");
    bench.passes(9s);
    bench.restarts();
    bench.sees("a", "2", eur);
    bench.passes(9s);
    bench.sees("a", "3", eur);
    CHECK(bench.verdicts() == "beat:EUR: d overdue after c");
    bench.sees("d", "beat:EUR");
    CHECK(bench.verdicts() == "beat:EUR: c resolved, late by 3s\nbeat:EUR: completed, met late 1");
    bench.passes(11s);
    CHECK(bench.verdicts() == "beat:EUR: a overdue after a");
  }
}
