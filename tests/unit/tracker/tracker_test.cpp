#include "tracker/tracker.h"

#include <doctest/doctest.h>

#include "tracker_bench.h"

using namespace reel::tracker;
using namespace reel::tracker::bench;

namespace {

const std::string payment = "order.placed -> payment.captured within 5s";

}  // namespace

TEST_CASE("a follow-up that comes in time is met, and nobody hears of it") {
  TrackerBench bench{"flow f end done\n" + payment};
  bench.sees("order.placed", "order-7");
  CHECK(bench.state("order-7") == "open");
  bench.passes(3s);
  bench.sees("payment.captured", "order-7");
  bench.passes(1h);
  CHECK(bench.expectations("order-7") == "order.placed -> payment.captured met");
  CHECK(bench.verdicts() == "");
}

TEST_CASE("a follow-up that never comes is overdue once its deadline has passed") {
  TrackerBench bench{payment};
  bench.sees("order.placed", "order-7");
  bench.passes(5s - 1ns);
  CHECK(bench.verdicts() == "");
  bench.passes(1ns);
  CHECK(bench.verdicts() == "order-7: payment.captured overdue after order.placed");
  CHECK(bench.state("order-7") == "overdue");

  SUBCASE("and is said to be so only once") {
    bench.passes(24h);
    bench.sees("something.else", "order-7");
    CHECK(bench.verdicts() == "");
  }
  SUBCASE("and is resolved when it comes late") {
    bench.silence(3s);
    bench.sees("payment.captured", "order-7");
    CHECK(bench.verdicts() == "order-7: order.placed resolved, late by 3s\norder-7: completed, met late 1");
    CHECK(bench.expectations("order-7") == "order.placed -> payment.captured met late");
    CHECK(bench.state("order-7") == "completed");
  }
}

TEST_CASE("an event at exactly the deadline is in time") {
  TrackerBench bench{payment};
  bench.sees("order.placed", "order-7");
  bench.silence(5s);
  bench.sees("payment.captured", "order-7");
  bench.passes(1h);
  CHECK(bench.expectations("order-7") == "order.placed -> payment.captured met");
  CHECK(bench.verdicts() == "order-7: completed");
}

TEST_CASE("an event behind the deadline is late, also when no watermark came between") {
  TrackerBench bench{payment};
  bench.sees("order.placed", "order-7");
  bench.silence(5s + 1ns);
  bench.sees("payment.captured", "order-7");
  CHECK(bench.verdicts() ==
        "order-7: payment.captured overdue after order.placed\n"
        "order-7: order.placed resolved, late by 1ns\n"
        "order-7: completed, met late 1");
}

TEST_CASE("of events with the same log time as the deadline, whichever order they come in, all are in time") {
  TrackerBench bench{payment};
  bench.sees("order.placed", "order-7");
  bench.silence(5s);
  bench.sees("order.placed", "order-8");
  bench.sees("payment.captured", "order-7");
  CHECK(bench.verdicts() == "order-7: completed");
}

TEST_CASE("an event of another flow moves time for all of them") {
  TrackerBench bench{payment};
  bench.sees("order.placed", "order-7");
  bench.silence(6s);
  bench.sees("unrelated", "order-8");
  CHECK(bench.verdicts() == "order-7: payment.captured overdue after order.placed");
}

TEST_CASE("deadlines of many flows are judged in their order") {
  TrackerBench bench{"a -> b within 5s\nc -> d within 1s"};
  bench.sees("a", "slow");
  bench.silence(1ms);
  bench.sees("c", "fast");
  bench.passes(1h);
  CHECK(bench.verdicts() == "fast: d overdue after c\nslow: b overdue after a");
}

TEST_CASE("a follow-up before its cause does not count") {
  TrackerBench bench{payment};
  bench.sees("payment.captured", "order-7");
  CHECK(bench.state("order-7") == "untracked");
  bench.sees("order.placed", "order-7");
  bench.passes(5s);
  CHECK(bench.verdicts() == "order-7: payment.captured overdue after order.placed");
}

TEST_CASE("each occurrence arms an expectation of its own, and one follow-up meets them all") {
  TrackerBench bench{payment};
  bench.sees("order.placed", "order-7");
  bench.silence(3s);
  bench.sees("order.placed", "order-7");
  bench.passes(2s);
  CHECK(bench.verdicts() == "order-7: payment.captured overdue after order.placed");
  bench.silence(1s);
  bench.sees("payment.captured", "order-7");
  CHECK(bench.expectations("order-7") ==
        "order.placed -> payment.captured met late, order.placed -> payment.captured met");
}

TEST_CASE("an event that is awaited and arms the same again meets the old one first") {
  TrackerBench bench{"flow beat end stop\ntick -> tick within 10s"};
  bench.sees("tick", "clock");
  bench.passes(9s);
  bench.sees("tick", "clock");
  CHECK(bench.expectations("clock") == "tick -> tick met, tick -> tick waiting");
  bench.passes(10s);
  CHECK(bench.verdicts() == "clock: tick overdue after tick");
}

TEST_CASE("any_of is met by any one") {
  TrackerBench bench{"order.placed -> payment.captured | payment.declined within 5s"};
  bench.sees("order.placed", "order-7");
  bench.sees("payment.declined", "order-7");
  CHECK(bench.verdicts() == "order-7: completed");
}

TEST_CASE("all_of needs each, and the missing ones are named") {
  TrackerBench bench{"paid -> stock.reserved & invoice.issued within 10s"};
  bench.sees("paid", "order-7");
  bench.sees("stock.reserved", "order-7");
  bench.passes(10s);
  CHECK(bench.verdicts() == "order-7: invoice.issued overdue after paid");

  SUBCASE("a second one of what has come already changes nothing") {
    bench.sees("stock.reserved", "order-7");
    CHECK(bench.verdicts() == "");
  }
  SUBCASE("the missing one resolves") {
    bench.silence(2s);
    bench.sees("invoice.issued", "order-7");
    CHECK(bench.verdicts() == "order-7: paid resolved, late by 2s\norder-7: completed, met late 1");
  }
  SUBCASE("what came before a second occurrence does not count for it") {
    bench.sees("paid", "order-7");
    bench.sees("invoice.issued", "order-7");
    CHECK(
        bench.expectations("order-7") ==
        "paid -> stock.reserved & invoice.issued met late, paid -> stock.reserved & invoice.issued waiting");
  }
}

TEST_CASE("a terminal event cancels what is armed and completes the flow") {
  TrackerBench bench{"flow f end order.cancelled delivered\n" + payment};
  bench.sees("order.placed", "order-7");
  bench.sees("order.cancelled", "order-7");
  CHECK(bench.verdicts() == "order-7: completed by order.cancelled");
  CHECK(bench.expectations("order-7") == "order.placed -> payment.captured cancelled");
  bench.passes(24h);
  CHECK(bench.verdicts() == "");
  CHECK(bench.tracker().timers() == 0);

  SUBCASE("and what follows arms nothing") {
    bench.sees("order.placed", "order-7");
    bench.sees("delivered", "order-7");
    bench.passes(24h);
    CHECK(bench.verdicts() == "");
    CHECK(bench.steps("order-7") == "order.placed, order.cancelled, order.placed, delivered");
    CHECK(bench.state("order-7") == "completed");
  }
}

TEST_CASE("a terminal event that is awaited meets before it cancels") {
  TrackerBench bench{"flow f end delivered\nsent -> delivered within 5s"};
  bench.sees("sent", "order-7");
  bench.sees("delivered", "order-7");
  CHECK(bench.expectations("order-7") == "sent -> delivered met");
}

TEST_CASE("a terminal event at exactly a deadline still cancels") {
  TrackerBench bench{"flow f end order.cancelled\n" + payment};
  bench.sees("order.placed", "order-7");
  bench.silence(5s);
  bench.sees("order.cancelled", "order-7");
  CHECK(bench.expectations("order-7") == "order.placed -> payment.captured cancelled");
}

TEST_CASE("what is overdue at the end stays overdue, and may still be resolved") {
  TrackerBench bench{"flow f end delivered\n" + payment};
  bench.sees("order.placed", "order-7");
  bench.passes(6s);
  bench.sees("delivered", "order-7");
  CHECK(bench.verdicts() ==
        "order-7: payment.captured overdue after order.placed\norder-7: completed by delivered, overdue 1");
  CHECK(bench.state("order-7") == "completed");
  bench.silence(1s);
  bench.sees("payment.captured", "order-7");
  CHECK(bench.verdicts() == "order-7: order.placed resolved, late by 2s");
  CHECK(bench.state("order-7") == "completed");
}

TEST_CASE("with a start, a flow is judged from its start event on") {
  TrackerBench bench{"flow f start order.placed end delivered\npayment.captured -> stock.reserved within 5s"};
  bench.sees("payment.captured", "order-7");
  bench.sees("delivered", "order-7");
  bench.passes(10s);
  CHECK(bench.state("order-7") == "untracked");
  bench.sees("order.placed", "order-7");
  CHECK(bench.state("order-7") == "open");
  bench.sees("payment.captured", "order-7");
  bench.passes(5s);
  CHECK(bench.verdicts() == "order-7: stock.reserved overdue after payment.captured");
}

TEST_CASE(
    "without a start, a definition applies wherever an `after` occurs, and an end before it is nothing") {
  TrackerBench bench{"flow f end order.cancelled\n" + payment};
  bench.sees("order.cancelled", "order-7");
  CHECK(bench.state("order-7") == "untracked");
  bench.sees("order.placed", "order-7");
  CHECK(bench.state("order-7") == "open");
}

TEST_CASE("without an end, a flow is complete when nothing is armed, and opens again") {
  TrackerBench bench{payment};
  bench.sees("order.placed", "order-7");
  bench.sees("payment.captured", "order-7");
  CHECK(bench.verdicts() == "order-7: completed");
  bench.sees("order.placed", "order-7");
  CHECK(bench.state("order-7") == "open");
  bench.sees("payment.captured", "order-7");
  CHECK(bench.verdicts() == "order-7: completed, time 2");
}

TEST_CASE("without an end, what is overdue keeps the flow from being complete") {
  TrackerBench bench{"a -> b within 1s\nc -> d within 1s"};
  bench.sees("a", "x");
  bench.passes(2s);
  bench.sees("c", "x");
  bench.sees("d", "x");
  CHECK(bench.verdicts() == "x: b overdue after a");
  CHECK(bench.state("x") == "overdue");
  bench.sees("b", "x");
  CHECK(bench.verdicts() == "x: a resolved, late by 1s\nx: completed, met late 1");
}

TEST_CASE("the whole flow has a deadline from its first event to its completion") {
  TrackerBench bench{"flow f end delivered within 1m\n" + payment};
  bench.sees("order.placed", "order-7");
  bench.sees("payment.captured", "order-7");
  bench.passes(1min);
  CHECK(bench.verdicts() == "order-7: delivered overdue after the whole flow");
  bench.silence(5s);
  bench.sees("delivered", "order-7");
  CHECK(bench.verdicts() ==
        "order-7: the whole flow resolved, late by 5s\norder-7: completed by delivered, met late 1");
}

TEST_CASE("the whole flow's deadline ends with its completion, and begins anew when it opens again") {
  TrackerBench bench{"flow f within 10s\na -> b within 1m"};
  bench.sees("a", "x");
  bench.sees("b", "x");
  CHECK(bench.expectations("x") == "the whole flow -> the end met, a -> b met");
  bench.passes(1min);
  CHECK(bench.verdicts() == "x: completed");
  bench.sees("a", "x");
  bench.passes(10s);
  CHECK(bench.verdicts() == "x: the end overdue after the whole flow");
}

TEST_CASE("several definitions judge one flow, each for itself") {
  TrackerBench bench{
      "flow money end refunded\norder.placed -> payment.captured within 5s\n"
      "flow goods\norder.placed -> shipped within 1h"};
  bench.sees("order.placed", "order-7");
  bench.sees("refunded", "order-7");
  CHECK(bench.state("order-7") == "open");
  bench.passes(1h);
  CHECK(bench.verdicts() == "order-7: completed by refunded\norder-7: shipped overdue after order.placed");
  CHECK(bench.state("order-7") == "overdue");
}

TEST_CASE("a flow that no definition applies to is reconstructed all the same") {
  TrackerBench bench{payment};
  bench.sees("price.changed", "p", {.id = "first"});
  bench.sees("shelf.relabelled", "p", {.cause = "first"});
  CHECK(bench.state("p") == "untracked");
  CHECK(bench.steps("p") == "price.changed, shelf.relabelled");
}

TEST_CASE("a second event of the same source and id changes nothing") {
  TrackerBench bench{payment};
  const auto id = bench.sees("order.placed", "order-7");
  bench.sees("payment.captured", "order-7");
  CHECK(bench.verdicts() == "order-7: completed");
  bench.sees("order.placed", "order-7", {.id = id});
  bench.passes(1h);
  CHECK(bench.verdicts() == "");
  CHECK(bench.tracker().duplicates() == 1);

  SUBCASE("but one of another source is another event") {
    bench.sees("order.placed", "order-7", {.id = id, .source = "svc/2"});
    CHECK(bench.state("order-7") == "open");
  }
}

TEST_CASE("a redelivered event changes nothing") {
  TrackerBench bench{payment};
  bench.sees("order.placed", "order-7");
  bench.redelivers_last();
  CHECK(bench.expectations("order-7") == "order.placed -> payment.captured waiting");
  bench.restarts();
  bench.redelivers_last();
  CHECK(bench.expectations("order-7") == "order.placed -> payment.captured waiting");
}

TEST_CASE("the system's own events are not steps") {
  TrackerBench bench{"flow f\nreel.flow.overdue -> b within 1s\na -> b within 1s"};
  bench.sees("reel.flow.overdue", "x");
  bench.sees("reel.delivery", "x");
  CHECK(bench.state("x") == "none");
  CHECK(bench.tracker().handled_offset() == 2);
}

TEST_CASE("after a restart deadlines are where they were") {
  TrackerBench bench{payment};
  bench.sees("order.placed", "order-7");
  bench.passes(3s);
  bench.restarts();
  bench.passes(2s - 1ns);
  CHECK(bench.verdicts() == "");
  bench.passes(1ns);
  CHECK(bench.verdicts() == "order-7: payment.captured overdue after order.placed");
}

TEST_CASE("deadlines that passed while the tracker was away say so, later ones do not") {
  TrackerBench bench{payment};
  bench.sees("order.placed", "order-7");
  bench.silence(3s);
  bench.sees("order.placed", "order-8");
  bench.silence(3s);
  bench.restarts();
  bench.stopped_until_now();
  bench.passes(1h);
  CHECK(bench.verdicts() ==
        "order-7: payment.captured overdue after order.placed, detected late\n"
        "order-8: payment.captured overdue after order.placed");
}

TEST_CASE("a flow of very many steps and expectations is judged as any other") {
  TrackerBench bench{"flow f end done\n" + payment + "\nother -> never within 1h"};
  for (int i = 0; i < 3'000; ++i) {
    bench.sees(i % 3 == 0 ? "order.placed" : i % 3 == 1 ? "other" : "noise", "big");
    if (i % 700 == 699) bench.restarts();
  }
  bench.sees("payment.captured", "big");
  bench.passes(1min);
  CHECK(bench.verdicts() == "");
  bench.sees("done", "big");
  CHECK(bench.verdicts() == "big: completed by done");
  CHECK(bench.tracker().timers() == 0);
}

TEST_CASE("the tally follows the flows") {
  TrackerBench bench{"flow f end done\n" + payment};
  bench.sees("order.placed", "1");
  bench.sees("order.placed", "2");
  bench.sees("order.placed", "3");
  bench.sees("whatever", "4");
  bench.sees("done", "2");
  bench.sees("payment.captured", "3");
  bench.passes(10s);
  reel::v1::SummaryReply told;
  bench.tracker().tally().tell(told, bench.definitions(), bench.names());
  CHECK(told.ShortDebugString() ==
        "flows: 4 open: 1 overdue: 1 completed: 1 untracked: 1 "
        "definitions { name: \"f\" flows: 3 open: 1 overdue: 1 completed: 1 } "
        "ends { key: \"done\" value: 1 }");
}

TEST_CASE("a definition that cannot be judged is refused") {
  Names names;
  DefinitionSet definitions{names};
  reel::config::Flow flow;
  flow.expect.push_back({.all_of = std::vector<std::string>(40, "b"), .after = "a", .within = 1s});
  CHECK_THROWS_WITH_AS(definitions.add_current("wide", flow),
                       "flow 'wide' waits for 40 topics after 'a', at most 32 are allowed in all_of",
                       DefinitionError);
  flow.expect[0] = {.any_of = {"b"}, .after = "a", .within = 0ms};
  CHECK_THROWS_WITH_AS(definitions.add_current("hasty", flow),
                       "flow 'hasty' gives no time after 'a': within must be longer than 0ms",
                       DefinitionError);
}

TEST_CASE("what came of a replay arms nothing and begins no flow, but may meet what is owed") {
  TrackerBench bench{"flow f start order.placed\n" + payment};
  bench.sees("order.placed", "order-7", {.replayed = true});
  CHECK(bench.state("order-7") == "untracked");
  bench.sees("order.placed", "order-8");
  bench.passes(6s);
  CHECK(bench.verdicts() == "order-8: payment.captured overdue after order.placed");
  bench.sees("order.placed", "order-8", {.replayed = true});
  bench.passes(6s);
  CHECK(bench.verdicts() == "");
  bench.sees("payment.captured", "order-8", {.replayed = true});
  CHECK(bench.expectations("order-8") == "order.placed -> payment.captured met late");
}

TEST_CASE(
    "a person may waive what is overdue: nobody waits for it, and what comes of it later changes nothing") {
  TrackerBench bench{payment};
  bench.sees("order.placed", "order-7");
  bench.passes(6s);
  CHECK(bench.verdicts() == "order-7: payment.captured overdue after order.placed");
  bench.waives("order-7");
  CHECK(bench.verdicts() == "order-7: payment.captured waived\norder-7: completed");
  CHECK(bench.expectations("order-7") == "order.placed -> payment.captured waived");
  CHECK(bench.state("order-7") == "completed");
  CHECK(bench.tracker().waived() == 1);

  SUBCASE("not after a restart either") {
    bench.restarts();
  }
  bench.sees("payment.captured", "order-7");
  bench.passes(1h);
  CHECK(bench.verdicts() == "");
  CHECK(bench.expectations("order-7") == "order.placed -> payment.captured waived");
  CHECK(bench.steps("order-7") == "order.placed, payment.captured");
  bench.sees("order.placed", "order-7");
  CHECK(bench.state("order-7") == "open");
}

TEST_CASE("a waiver is of what is overdue when it is met in the log, and of nothing that still waits") {
  TrackerBench bench{payment};
  bench.sees("order.placed", "order-7");
  bench.passes(4s);
  bench.waives("order-7");
  CHECK(bench.expectations("order-7") == "order.placed -> payment.captured waiting");
  bench.passes(2s);
  CHECK(bench.verdicts() == "order-7: payment.captured overdue after order.placed");
}

TEST_CASE("a waiver may name what is missing, or the definition: anything else stays overdue") {
  TrackerBench bench{"flow f\na -> b & c within 5s\na -> d within 5s\nflow g\na -> e within 5s"};
  bench.sees("a", "x");
  bench.sees("c", "x");
  bench.passes(6s);
  CHECK(bench.verdicts() == "x: b overdue after a\nx: d overdue after a\nx: e overdue after a");
  bench.waives("x", {"c", "unheard.of"});  // c has come
  bench.waives("x", {}, "h");
  CHECK(bench.verdicts() == "");
  bench.waives("x", {"b"});
  CHECK(bench.verdicts() == "x: b waived");
  bench.waives("x", {}, "g");
  CHECK(bench.verdicts() == "x: e waived\nx: completed");
  CHECK(bench.state("x") == "overdue");
  bench.sees("d", "x");
  CHECK(bench.verdicts() == "x: a resolved, late by 1s\nx: completed, met late 1");
}

TEST_CASE("a flow with an end is not completed by a waiver, and waits for its end") {
  TrackerBench bench{"flow f end done within 10s\na -> b within 5s"};
  bench.sees("a", "x");
  bench.passes(6s);
  bench.waives("x");
  CHECK(bench.state("x") == "open");
  bench.passes(5s);
  CHECK(bench.state("x") == "overdue");
  bench.waives("x");
  CHECK(bench.state("x") == "open");
  bench.sees("done", "x");
  CHECK(bench.verdicts() ==
        "x: b overdue after a\nx: b waived\nx: done overdue after the whole flow\nx: done waived\nx: "
        "completed by "
        "done");
  CHECK(bench.tracker().tally().count(reel::v1::FLOW_STATE_COMPLETED) == 1);
  CHECK(bench.tracker().tally().count(reel::v1::FLOW_STATE_OVERDUE) == 0);
}

TEST_CASE("a waiver of a flow that nobody knows makes none, and only the tracker's own word counts") {
  TrackerBench bench{payment};
  bench.waives("order-7");
  CHECK(bench.state("order-7") == "none");
  bench.sees("order.placed", "order-7");
  bench.passes(6s);
  bench.sees("reel.flow.waived", "order-7");
  CHECK(bench.state("order-7") == "overdue");
}

namespace {

// "order.placed -> payment.captured: 1 overdue, came 2 in 4s": of each edge that has anything to tell.
std::string edge_times(TrackerBench& bench) {
  reel::v1::TimesReply times;
  bench.tracker().times().tell(bench.definitions(), bench.names(), times);
  std::string all;
  for (const auto& edge : times.edges()) {
    std::uint64_t came = 0;
    for (const auto count : edge.came().counts()) came += count;
    std::string expected;
    for (const auto& topic : edge.expected()) expected += (expected.empty() ? "" : " ") + topic;
    all += (all.empty() ? "" : "; ") + edge.after() + " -> " + expected + ": " +
           std::to_string(edge.overdue()) + " overdue, came " + std::to_string(came) + " in " +
           span_text(edge.came().sum());
  }
  return all;
}

}  // namespace

TEST_CASE("how long each step took and how often it was late is counted as it is judged") {
  TrackerBench bench{"flow orders start placed\n  placed -> captured within 5s"};
  bench.sees("placed", "a");
  bench.passes(1s);
  bench.sees("captured", "a");
  bench.sees("placed", "b");
  bench.passes(7s);
  CHECK(edge_times(bench) == "placed -> captured: 1 overdue, came 1 in 1s");
  bench.sees("captured", "b");  // late, and not twice overdue
  CHECK(edge_times(bench) == "placed -> captured: 1 overdue, came 2 in 8s");
  bench.redelivers_last();
  CHECK(edge_times(bench) == "placed -> captured: 1 overdue, came 2 in 8s");

  SUBCASE("and begins anew with the tracker") {
    bench.restarts();
    CHECK(edge_times(bench) == "");
  }
}
