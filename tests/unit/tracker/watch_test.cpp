#include "tracker/watch.h"

#include <doctest/doctest.h>

#include "reel/v1/flow.pb.h"
#include "tracker/query_server.h"
#include "watch_bench.h"

using namespace reel;
using namespace reel::tracker;
using namespace reel::tracker::bench;

namespace {

const std::string payment_flow =
    "flow orders publish order.attention\norder.placed -> payment.captured within 5s by payments";
const std::string overdue = "reel.flow.overdue order-7\norder.attention order-7";

}  // namespace

TEST_CASE("an overdue follow-up is published, with all a compensating service needs") {
  WatchBench bench{payment_flow};
  bench.publishes("order.placed", "order-7", "first");
  bench.passes(6s);
  bench.works();
  REQUIRE(bench.published() == overdue);
  const auto& event = bench.bus.log[1];
  CHECK(event.causationid == "first");
  v1::FlowOverdue told;
  REQUIRE(told.ParseFromString(event.data));
  CHECK(told.ShortDebugString() ==
        "correlationid: \"order-7\" definition: \"orders\" after: \"order.placed\" missing: "
        "\"payment.captured\" "
        "any_of: true owner: \"payments\" armed_at: 1700000000000000000 deadline: 1700000005000000000 "
        "after_id: \"first\" after_offset: 1 detected_late: true");
  CHECK(bench.bus.log[2].data == event.data);
}

TEST_CASE("a late follow-up and a completion are published, each caused by the event that brought it") {
  WatchBench bench{"flow orders end delivered\norder.placed -> payment.captured within 5s"};
  bench.publishes("order.placed", "order-7", "first");
  bench.works();
  bench.passes(6s);
  bench.works();
  bench.publishes("payment.captured", "order-7", "late");
  bench.publishes("delivered", "order-7", "last");
  bench.works();
  CHECK(bench.published() ==
        "reel.flow.overdue order-7\nreel.flow.resolved order-7\nreel.flow.completed order-7");
  const auto find = [&](std::string_view topic) {
    return *std::find_if(bench.bus.log.begin(), bench.bus.log.end(),
                         [&](const auto& e) { return e.topic == topic; });
  };
  v1::FlowResolved resolved;
  REQUIRE(resolved.ParseFromString(find("reel.flow.resolved").data));
  CHECK(resolved.by_id() == "late");
  CHECK(resolved.late() > 0);
  CHECK(find("reel.flow.resolved").causationid == "late");
  v1::FlowCompleted completed;
  REQUIRE(completed.ParseFromString(find("reel.flow.completed").data));
  CHECK(completed.end() == "delivered");
  CHECK(completed.met_late() == 1);
  CHECK(find("reel.flow.completed").causationid == "last");
}

TEST_CASE(
    "stopped across a deadline and started again, the tracker says the same as if it had never stopped") {
  for (const bool crash : {false, true}) {
    CAPTURE(crash);
    WatchBench bench{payment_flow};
    bench.publishes("order.placed", "order-7");
    bench.publishes("order.placed", "order-8");
    bench.works();
    crash ? bench.crashes() : bench.stops();
    bench.passes(2s);
    bench.publishes("payment.captured", "order-8");
    bench.passes(10s);
    bench.starts();
    bench.works();
    CHECK(bench.published() == "reel.flow.completed order-8\n" + overdue);
    CHECK(bench.flow("order-7").expectations(0).detected_late());
  }
}

TEST_CASE("what changes nothing is acknowledged as well") {
  WatchBench bench{payment_flow};
  bench.publishes("order.placed", "order-7");
  bench.works();
  bench.publishes("reel.delivery", "audit");
  bench.works();
  CHECK(bench.bus.acknowledged() == bench.bus.log.size());
}

TEST_CASE("a backlog is read before anything is said, and raises no false alarm") {
  WatchBench bench{payment_flow};
  bench.stops();
  for (int i = 0; i < 50; ++i) bench.publishes("order.placed", "order-" + std::to_string(i));
  bench.passes(4s);
  for (int i = 0; i < 50; ++i) bench.publishes("payment.captured", "order-" + std::to_string(i));
  bench.passes(1h);
  bench.starts();
  bench.works();
  CHECK(bench.published().find("overdue") == std::string::npos);
  CHECK(bench.summary().completed() == 50);
}

TEST_CASE("a verdict that was published before a crash is recognised in the log and not published again") {
  WatchBench bench{payment_flow};
  bench.bus.recognises_ids = false;  // the broker has forgotten
  bench.publishes("order.placed", "order-7");
  bench.works();
  bench.watch().checkpoint({});
  bench.passes(6s);
  // One turn judges and publishes; the next checkpoint is not due yet.
  while (bench.published().empty()) REQUIRE(bench.watch().turn(0ms, {}));
  bench.crashes();
  bench.starts();
  bench.works();
  bench.works();
  CHECK(bench.published() == overdue);
  CHECK(bench.watch().outbox().size() == 0);
}

TEST_CASE("a verdict that could not be published waits, over restarts, until it is") {
  WatchBench bench{payment_flow};
  bench.bus.accepts = false;
  bench.publishes("order.placed", "order-7");
  bench.passes(6s);
  bench.works();
  bench.stops();
  bench.starts();
  bench.works();
  CHECK(bench.published() == "");
  CHECK(bench.watch().outbox().size() == 2);
  bench.bus.accepts = true;
  bench.works();
  CHECK(bench.published() == overdue);
  bench.stops();
  bench.starts();
  CHECK(bench.watch().outbox().size() == 0);
}

TEST_CASE("a verdict that the bus refuses is dropped, and holds up no other") {
  WatchBench bench{payment_flow};
  bench.bus.refuses_topic = "order.attention";
  bench.publishes("order.placed", "order-7");
  bench.passes(6s);
  bench.works();
  CHECK(bench.published() == "reel.flow.overdue order-7");
  CHECK(bench.watch().outbox().size() == 0);
}

TEST_CASE("input is acknowledged only when what became of it is on disk") {
  WatchBench bench{payment_flow};
  bench.publishes("order.placed", "order-7");
  REQUIRE(bench.watch().turn(0ms, {}));
  REQUIRE(bench.watch().turn(0ms, {}));
  CHECK(bench.watch().tracker().handled_offset() == 1);
  CHECK(bench.bus.acknowledged() == 0);
  bench.works();
  CHECK(bench.bus.acknowledged() == 1);
}

TEST_CASE("while a checkpoint is being written, deadlines are judged and told, and nothing is acknowledged") {
  WatchBench bench{payment_flow};
  bench.publishes("order.placed", "order-7");
  bench.works();
  bench.publishes("order.placed", "order-8");
  bench.disk_hangs();
  bench.works();
  const std::uint64_t acknowledged = bench.bus.acknowledged();
  CHECK(acknowledged == 1);
  bench.passes(6s);
  bench.works();
  CHECK(bench.published() == overdue + "\nreel.flow.overdue order-8\norder.attention order-8");
  CHECK(bench.bus.acknowledged() == acknowledged);
  bench.disk_goes_on();
  bench.works();
  CHECK(bench.bus.acknowledged() == bench.bus.log.size());
}

TEST_CASE("a checkpoint acknowledges what it holds, and not what came while it was written") {
  WatchBench bench{payment_flow};
  bench.disk_hangs();
  bench.publishes("order.placed", "order-7");
  bench.works();
  bench.publishes("order.placed", "order-8");
  REQUIRE(bench.watch().turn(0ms, {}));
  CHECK(bench.watch().tracker().handled_offset() == 2);
  bench.disk_goes_on();
  REQUIRE(bench.watch().turn(0ms, {}));
  CHECK(bench.bus.acknowledged() == 1);
  bench.works();
  CHECK(bench.bus.acknowledged() == 2);
}

TEST_CASE("a question is answered with what came while a checkpoint was being written") {
  WatchBench bench{payment_flow};
  bench.disk_hangs();
  bench.publishes("order.placed", "order-7");
  bench.works();
  bench.publishes("payment.captured", "order-7");
  REQUIRE(bench.watch().turn(0ms, {}));
  CHECK(bench.flow("order-7").summary().events() == 2);
  CHECK(bench.bus.acknowledged() == 1);
}

TEST_CASE("a crash while a checkpoint is being written changes no verdict and makes none twice") {
  WatchBench bench{payment_flow};
  bench.bus.recognises_ids = false;
  bench.publishes("order.placed", "order-7");
  bench.works();
  bench.disk_hangs();
  bench.passes(6s);
  bench.works();
  REQUIRE(bench.published() == overdue);
  bench.crashes();
  bench.starts();
  bench.works();
  CHECK(bench.published() == overdue);
  CHECK(bench.watch().outbox().size() == 0);
}

TEST_CASE("an event that is late by days finds its flow on disk") {
  WatchBench bench{payment_flow};
  bench.publishes("order.placed", "order-7");
  bench.passes(6s);
  bench.works();
  for (int i = 0; i < 3; ++i) {
    bench.passes(24h);
    bench.publishes("noise", "other-" + std::to_string(i));
    bench.works();
  }
  bench.publishes("payment.captured", "order-7");
  bench.works();
  CHECK(bench.flow("order-7").expectations(0).verdict() == v1::VERDICT_MET_LATE);
  CHECK(bench.flow("order-7").summary().events() == 3);  // order.attention is a step as well
}

TEST_CASE("a flow of thousands of steps is kept by chunks and comes back whole") {
  WatchBench bench{"flow f end done\na -> b within 1h"};
  bench.bus.batch_events = 100;
  for (int i = 0; i < 1'000; ++i) {
    bench.publishes(i % 2 == 0 ? "a" : "noise", "big");
    if (i % 300 == 299) {
      bench.works();
      i % 600 == 299 ? bench.stops() : bench.crashes();
      bench.starts();
    }
  }
  bench.works();
  CHECK(bench.flow("big").summary().events() == 1'000);
  const auto page = bench.flow("big", 10, 700);
  REQUIRE(page.steps_size() == 10);
  CHECK(page.steps(0).offset() == 701);
  CHECK(page.next() == 710);
  bench.publishes("b", "big");
  bench.publishes("done", "big");
  bench.works();
  CHECK(bench.flow("big").expectations_size() == 500);
  CHECK(bench.flow("big").expectations(0).verdict() == v1::VERDICT_MET);
  CHECK(bench.published() == "reel.flow.completed big");
}

TEST_CASE("flows that began under a definition are judged by it to their end, new ones by the new one") {
  WatchBench bench{"flow orders end done\na -> b within 5s"};
  bench.publishes("a", "old");
  bench.works();
  bench.stops();
  bench.redefines("flow orders end done\na -> c within 60s");
  bench.starts();
  bench.publishes("a", "new");
  bench.publishes("a", "old");
  bench.passes(6s);
  bench.works();
  CHECK(bench.published() == "reel.flow.overdue old\nreel.flow.overdue old");
  CHECK(bench.flow("new").expectations(0).expected(0) == "c");
  CHECK(bench.flow("old").expectations(1).expected(0) == "b");
  CHECK(bench.summary().definitions_size() == 1);

  SUBCASE("and a definition that comes back is the one it was") {
    bench.stops();
    bench.redefines("flow orders end done\na -> b within 5s");
    bench.starts();
    bench.publishes("a", "newest");
    bench.works();
    CHECK(bench.flow("newest").expectations(0).expected(0) == "b");
  }
}

TEST_CASE("flows that wait for nothing are forgotten after the configured time") {
  WatchBench bench{"flow orders end done\na -> b within 48h"};
  bench.stops();
  bench.retains(1h);
  bench.starts();
  bench.publishes("a", "done-with");
  bench.publishes("done", "done-with");
  bench.publishes("a", "waiting");
  bench.publishes("noise", "untracked");
  bench.works();
  CHECK(bench.summary().flows() == 3);
  bench.passes(2h);
  for (int i = 0; i < 50; ++i) bench.works();
  const auto summary = bench.summary();
  CHECK(summary.flows() == 1);
  CHECK(summary.open() == 1);
  CHECK(summary.ends_size() == 0);
}

TEST_CASE("more flows than are looked at in one go are forgotten soon after one another") {
  WatchBench bench{"flow orders end done\na -> b within 48h"};
  bench.stops();
  bench.retains(1h);
  bench.starts();
  bench.bus.batch_events = 500;
  for (std::size_t i = 0; i < 2 * expiry_flows + 1; ++i) bench.publishes("noise", "f" + std::to_string(i));
  bench.works();
  bench.passes(2h);
  for (int i = 0; i < 25; ++i) bench.works();  // 150 turns of 50 ms
  CHECK(bench.summary().flows() == 0);
}

TEST_CASE("a folder that another tracker uses is refused") {
  WatchBench bench{payment_flow};
  CHECK_THROWS_WITH_AS(
      Store{bench.folder()},
      ("the tracker's store in " + bench.folder().string() + " is in use (is another tracker running on it?)")
          .c_str(),
      StoreError);
}

TEST_CASE("a prohibition that ended while its flow was not in memory is shown as met, and keeps nothing") {
  WatchBench bench{"x -> y within 5s"};
  bench.stops();
  bench.redefines(flows_of_yaml("  f: {expect: [{after: a, never: [b], within: 5s}]}\n"));
  bench.retains(1h);
  bench.starts();
  bench.publishes("a", "order-7");
  bench.works();
  bench.stops();
  bench.passes(6s);
  bench.starts();
  bench.works();
  CHECK(bench.flow("order-7").expectations(0).verdict() == v1::VERDICT_MET);
  CHECK(bench.summary().flows() == 1);
  bench.passes(2h);
  for (int i = 0; i < 50; ++i) bench.works();
  CHECK(bench.summary().flows() == 0);
}

TEST_CASE("a question that comes while a checkpoint is being written waits for it, and no verdict does") {
  WatchBench bench{"order.placed -> payment.captured within 5s"};
  bench.publishes("order.placed", "order-7");
  bench.works();
  bench.disk_hangs();
  bench.publishes("order.placed", "order-8");
  bench.works();
  v1::Request request;
  request.mutable_flow()->set_correlationid("order-8");
  std::string answered;
  bench.watch().ask(request, bench.tick(),
                    [&](const v1::Reply& reply) { answered = reply.flow().summary().correlationid(); });
  bench.passes(6s);
  bench.works();
  CHECK(answered == "");
  CHECK(bench.published() == "reel.flow.overdue order-7\nreel.flow.overdue order-8");
  bench.disk_goes_on();
  bench.works();
  CHECK(answered == "order-8");
}

TEST_CASE("questions that waited for a checkpoint are answered some a turn, as others are") {
  WatchBench bench{payment_flow};
  bench.disk_hangs();
  bench.publishes("order.placed", "order-7");
  bench.works();
  v1::Request request;
  request.mutable_flow()->set_correlationid("order-7");
  std::string errors;
  int answered = 0;
  for (int i = 0; i < 70; ++i) {
    bench.watch().ask(request, bench.tick(), [&](const v1::Reply& reply) {
      ++answered;
      if (errors != reply.error()) errors += reply.error();
    });
  }
  CHECK(answered == 0);
  bench.disk_goes_on();
  REQUIRE(bench.watch().turn(0ms, bench.tick()));
  CHECK(answered > 0);
  CHECK(answered <= questions_per_turn_max);

  SUBCASE("the rest in the next turns") {
    bench.works();
    CHECK(answered == 70);
    CHECK(errors == "");
  }
  SUBCASE("or where the tracker stops the rest hears of it") {
    bench.watch().stop(bench.tick());
    CHECK(answered == 70);
    CHECK(errors == "the tracker stops");
  }
}

TEST_CASE("a question that the tracker does not know does not make it wait for the disk") {
  WatchBench bench{payment_flow};
  bench.disk_hangs();
  bench.publishes("order.placed", "order-7");
  bench.works();
  CHECK(bench.asks({}).error() == "the tracker answers questions about flows: flows, flow, summary");
  CHECK(bench.bus.acknowledged() == 0);
}
