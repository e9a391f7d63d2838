// What the broker tells the mesh of dead letters and of services, as events.
#include "desk_bench.h"
#include "notice/log_marks.h"

using namespace reel;
using namespace reel::broker;
using namespace reel::broker::test;

namespace {

void rejects_newest(DeskBench& bench, const std::string& service) {
  (void)bench.settles(service, {.nacks = {{bench.newest(service), 1, true}}});
}

void waits_for(DeskBench& bench, const std::string& service, const std::string& all) {
  bench.until([&] { return bench.got(service) == all; });
}

/// It answers nothing, and has credit for all of it.
void watches(DeskBench& bench, const std::string& pattern) {
  v1::Subscribe start;
  start.set_credit_events(100);
  bench.joins("watch", "watch", {pattern}, start);
}

/// Who is silent for a second is lost.
config::Model nervous_model() {
  auto model = desk_model();
  model.broker.service_timeout = std::chrono::seconds{1};
  return model;
}

/// An event may take an hour, and wait for 10 seconds at payments.
config::Model patient_model() {
  auto model = desk_model();
  for (const auto* service : {"payments", "watch"})
    model.services[service].ack_timeout = std::chrono::hours{1};
  model.services["payments"].behind_after = std::chrono::seconds{10};
  return model;
}

void pass(DeskBench& bench, std::chrono::milliseconds time) {
  constexpr std::chrono::milliseconds step{500};
  for (; time.count() > 0; time -= step) {
    bench.advance(step);
    bench.rest();
  }
}

/// The same, and these are heard of meanwhile.
void live(DeskBench& bench, const std::vector<std::string>& instances, std::chrono::milliseconds time) {
  constexpr std::chrono::milliseconds step{100};
  for (; time.count() >= 0; time -= step) {
    bench.advance(step);
    for (const auto& instance : instances) bench.beats(instance, {});
    bench.rest();
  }
}

}  // namespace

TEST_CASE("a dead letter is an event in the flow of what died, caused by it and under its key") {
  DeskBench bench;
  watches(bench, "reel.dead_letter");
  bench.serves("payments", "order.placed");
  bench.publishes("order.placed", {"e1 order-7"});
  waits_for(bench, "payments", "e1#1");
  rejects_newest(bench, "payments");
  waits_for(bench, "watch", "dead(payments: e1, Oops)#1");
  CHECK(bench.envelope().correlationid == "order-7");
  CHECK(bench.envelope().causationid == "e1");
  CHECK(bench.envelope().key == "order-7");
}

TEST_CASE("a dead letter is told once, whatever is killed after it died") {
  DeskBench bench;
  watches(bench, "reel.dead_letter");
  bench.serves("payments", "order.placed");
  bench.publishes("order.placed", {"e1 a", "e2 b"});
  waits_for(bench, "payments", "e1#1 e2#1");
  SUBCASE("it has been told") {
    rejects_newest(bench, "payments");
    waits_for(bench, "watch", "dead(payments: e2, Oops)#1");
    bench.restarts();
    watches(bench, "reel.dead_letter");
    bench.serves("payments", "order.placed");
    waits_for(bench, "payments", "e1#1 e2#1 e1#1");
    rejects_newest(bench, "payments");
    waits_for(bench, "watch",
              "dead(payments: e2, Oops)#1 dead(payments: e2, Oops)#1 dead(payments: e1, Oops)#1");  // no ack
  }
  SUBCASE("it could not be read, and was told after the next start") {
    bench.publishes("order.paid", {"newer c"});  // only what is newest is in memory
    bench.rest();
    bench.disk_unreadable(true);
    rejects_newest(bench, "payments");
    bench.until([&] { return bench.failed_reads() > 0; });
    CHECK(bench.got("watch") == "");
    bench.restarts();
    bench.disk_unreadable(false);
    watches(bench, "reel.dead_letter");
    waits_for(bench, "watch", "dead(payments: e2, Oops)#1");
  }
}

TEST_CASE("a place that cannot be read is tried again, and the letter is told then") {
  DeskBench bench;
  watches(bench, "reel.dead_letter");
  bench.serves("payments", "order.placed");
  bench.publishes("order.placed", {"e1 a"});
  waits_for(bench, "payments", "e1#1");
  bench.publishes("order.paid", {"newer c"});
  bench.rest();
  bench.disk_unreadable(true);
  rejects_newest(bench, "payments");
  bench.rest();
  const auto failed = bench.failed_reads();
  bench.advance(std::chrono::milliseconds{500});
  bench.rest();
  CHECK(bench.failed_reads() == failed);  // not again and again
  bench.disk_unreadable(false);
  bench.advance(std::chrono::milliseconds{600});
  waits_for(bench, "watch", "dead(payments: e1, Oops)#1");
}

TEST_CASE("an event that dies with two services is told of each, and a letter that dies anew once more") {
  DeskBench bench;
  watches(bench, "reel.dead_letter");
  bench.serves("payments", "order.placed");
  bench.serves("stock", "order.placed");
  bench.publishes("order.placed", {"e1 a"});
  bench.until([&] { return bench.got("payments") == "e1#1" && bench.got("stock") == "e1#1"; });
  const auto e1 = bench.newest("payments");
  rejects_newest(bench, "stock");
  waits_for(bench, "watch", "dead(stock: e1, Oops)#1");
  rejects_newest(bench, "payments");
  waits_for(bench, "watch", "dead(stock: e1, Oops)#1 dead(payments: e1, Oops)#1");
  v1::Command redrive;
  redrive.mutable_redrive()->add_offsets(e1);
  CHECK(bench.tells(redrive) == "1");
  waits_for(bench, "payments", "e1#1 e1#1!");
  rejects_newest(bench, "payments");
  waits_for(bench, "watch", "dead(stock: e1, Oops)#1 dead(payments: e1, Oops)#1 dead(payments: e1, Oops)#1");
}

TEST_CASE(
    "who cannot handle what is told of a failure makes no other one, and stops no other from being told") {
  auto model = desk_model();
  SUBCASE("what died is read from the disk") {}
  SUBCASE("it is at hand") {
    model.broker.tail_bytes_max = 1u << 20;
  }
  DeskBench bench{model};
  watches(bench, "reel.dead_letter");
  bench.serves("payments", "order.placed");
  bench.publishes("order.placed", {"e1 a"});
  waits_for(bench, "payments", "e1#1");
  rejects_newest(bench, "payments");
  waits_for(bench, "watch", "dead(payments: e1, Oops)#1");
  rejects_newest(bench, "watch");
  bench.publishes("order.placed", {"e2 b"});
  waits_for(bench, "payments", "e1#1 e2#1");
  rejects_newest(bench, "payments");
  waits_for(bench, "watch", "dead(payments: e1, Oops)#1 dead(payments: e2, Oops)#1");
}

TEST_CASE("that a service is there is told, and how it went") {
  DeskBench bench{nervous_model()};
  watches(bench, "reel.service.>");
  bench.serves("payments", "order.placed");
  live(bench, {"watch", "payments"}, std::chrono::seconds{1});
  const std::string started = "started(watch)#1 started(payments)#1";
  CHECK(bench.got("watch") == started);
  SUBCASE("with a goodbye") {
    bench.leaves("payments");
    live(bench, {"watch"}, std::chrono::seconds{1});
    CHECK(bench.got("watch") == started + " stopped(payments)#1");
    SUBCASE("and comes back") {
      bench.serves("payments", "order.placed");
      live(bench, {"watch", "payments"}, std::chrono::seconds{1});
      CHECK(bench.got("watch") == started + " stopped(payments)#1 started(payments)#1");
    }
  }
  SUBCASE("without a word") {
    live(bench, {"watch"}, std::chrono::seconds{3});
    CHECK(bench.got("watch") == started + " lost(payments)#1");
  }
  SUBCASE("and while one instance is there nothing is told of another") {
    bench.joins("payments-2", "payments", {"order.placed"});
    live(bench, {"watch", "payments-2"}, std::chrono::seconds{3});
    CHECK(bench.got("watch") == started);
  }
  SUBCASE("and nothing of a pause that is shorter than a look") {
    bench.leaves("payments");
    bench.serves("payments", "order.placed");
    live(bench, {"watch", "payments"}, std::chrono::seconds{2});
    CHECK(bench.got("watch") == started);
  }
}

TEST_CASE("a service that was there before the broker's start and does not come back is lost") {
  DeskBench bench{nervous_model()};
  bench.serves("stock", "order.placed");
  bench.serves("payments", "order.placed");
  live(bench, {"payments", "stock"}, std::chrono::seconds{1});
  bench.leaves("stock");
  live(bench, {"payments"}, std::chrono::seconds{1});
  bench.restarts();
  bench.reads("watch", {"reel.service.>"}, {});
  live(bench, {"watch"}, std::chrono::seconds{2});
  CHECK(bench.got("watch") == "");
  live(bench, {"watch"}, std::chrono::seconds{3});
  CHECK(bench.got("watch") == "lost(payments)#1");
  bench.restarts();
  bench.reads("watch2", {"reel.service.>"}, {});
  live(bench, {"watch2"}, std::chrono::seconds{5});
  CHECK(bench.got("watch2") == "");  // once
}

TEST_CASE("a service at which an event waits for longer than behind_after is behind until it has caught up") {
  DeskBench bench{patient_model()};
  watches(bench, "reel.service.>");
  v1::Subscribe start;
  start.set_credit_events(1);
  bench.joins("payments", "payments", {"order.placed"}, start);
  const std::string started = "started(watch)#1 started(payments)#1";
  bench.publishes("order.placed", {"e1 a", "e2 b"});
  waits_for(bench, "payments", "e1#1");
  SUBCASE("and that is told once each") {
    pass(bench, std::chrono::seconds{9});
    CHECK(bench.got("watch") == started);
    pass(bench, std::chrono::seconds{20});
    CHECK(bench.got("watch") == started + " behind(payments 11s)#1");
    CHECK(bench.settles("payments", {.acks = {{bench.newest("payments")}}}) == "");
    waits_for(bench, "payments", "e1#1 e2#1");
    pass(bench, std::chrono::seconds{2});
    waits_for(bench, "watch", started + " behind(payments 11s)#1 caught_up(payments)#1");
    pass(bench, std::chrono::seconds{3});
    CHECK(bench.got("watch") == started + " behind(payments 11s)#1 caught_up(payments)#1");
  }
  SUBCASE("but not while it is paused") {
    v1::Command pause;
    pause.mutable_pause();
    CHECK(bench.tells(pause) == "1");
    pass(bench, std::chrono::seconds{20});
    CHECK(bench.got("watch") == started);
  }
}

TEST_CASE("what stands in the queue of an instance that tells what it has begun waits, too") {
  DeskBench bench{patient_model()};
  watches(bench, "reel.service.>");
  bench.serves("payments", "order.placed", true);
  bench.publishes("order.placed", {"e1 a", "e2 b"});
  waits_for(bench, "payments", "e1#1 e2#1");
  const auto e1 = bench.newest("payments") - 1;
  const auto lives = [&](std::chrono::seconds time, const std::vector<Offset>& begun) {
    for (; time.count() > 0; --time) {
      bench.beats("payments", begun);
      pass(bench, std::chrono::seconds{1});
    }
  };
  const std::string started = "started(watch)#1 started(payments)#1";
  SUBCASE("it has begun both") {
    lives(std::chrono::seconds{15}, {e1, e1 + 1});
    CHECK(bench.got("watch") == started);
  }
  SUBCASE("one waits for the other") {
    lives(std::chrono::seconds{15}, {e1});
    CHECK(bench.got("watch") == started + " behind(payments 11s)#1");
  }
}

TEST_CASE("a service that says goodbye just before the broker ends is not lost") {
  DeskBench bench{nervous_model()};
  bench.serves("payments", "order.placed");
  live(bench, {"payments"}, std::chrono::seconds{1});
  bench.leaves("payments");
  bench.desk().say_goodbye_to_all();
  bench.restarts();
  bench.reads("watch", {"reel.service.>"}, {});
  live(bench, {"watch"}, std::chrono::seconds{5});
  CHECK(bench.got("watch") == "");
}

TEST_CASE("marks of the log answer for the longest time that is asked about, and no more are kept") {
  LogMarks marks;
  constexpr LogTime second = 1'000'000'000;
  CHECK(marks.end_at(0) == 0);
  for (LogTime at = 1; at <= 100; ++at) marks.note(at * second, at * 10, 20 * second);
  marks.note(100 * second + 1, 5'000, 20 * second);  // too soon
  CHECK(marks.end_at(200 * second) == 1'000);
  CHECK(marks.end_at(80 * second) == 800);
  CHECK(marks.end_at(80 * second + second / 2) == 800);
  CHECK(marks.end_at(50 * second) == 0);
}

TEST_CASE("what waits for another event of its key does not put its service behind") {
  auto model = patient_model();
  model.services["payments"].retry.backoff = {std::chrono::hours{1}};
  DeskBench bench{model};
  watches(bench, "reel.service.>");
  bench.serves("payments", "order.placed");
  bench.publishes("order.placed", {"e1 a"});
  waits_for(bench, "payments", "e1#1");
  (void)bench.settles("payments", {.nacks = {{bench.newest("payments")}}});
  bench.publishes("order.placed", {"e2 a", "e3 b"});
  waits_for(bench, "payments", "e1#1 e3#1");
  pass(bench, std::chrono::seconds{20});
  CHECK(bench.got("watch") == "started(watch)#1 started(payments)#1");
}
