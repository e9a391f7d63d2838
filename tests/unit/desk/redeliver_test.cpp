// Retention and what is to be handed over once more.
#include "desk_bench.h"

using namespace reel;
using namespace reel::broker;
using namespace reel::broker::test;

namespace {

Offset rejects(DeskBench& bench, const std::string& got) {
  bench.until([&] { return bench.got("payments") == got; });
  const auto at = bench.newest("payments");
  (void)bench.settles("payments", {.nacks = {{.offset = at, .reject = true}}});
  return at;
}

bool is_behind(DeskBench& bench) {
  v1::Request request;
  request.mutable_services();
  const auto reply = bench.asks(request);
  return reply.services().services(0).behind();
}

}  // namespace

TEST_CASE("retention keeps what a redelivery on its way is about, and deletes it once that is settled") {
  DeskBench bench;
  bench.serves("payments", "order.placed");
  bench.publishes("order.placed", {"e1 k"});
  const auto dead = rejects(bench, "e1#1");
  bench.fills_segment();
  bench.fills_segment();
  bench.leaves("payments");
  v1::Command redrive;
  redrive.mutable_redrive()->add_offsets(dead);
  CHECK(bench.tells(redrive) == "1");
  bench.fills_segment();

  CHECK(bench.retains() == 1);
  bench.serves("payments", "order.placed");
  bench.until([&] { return bench.got("payments") == "e1#1 e1#1!"; });
  CHECK(bench.retains() == 1);
  CHECK(bench.settles("payments", {.acks = {{bench.newest("payments")}}}) == "");
  CHECK(bench.letters() == "");
  CHECK(bench.retains() > dead);
}

TEST_CASE("retention keeps what a redelivery on its way is about, also after a restart") {
  DeskBench bench;
  bench.serves("payments", "order.placed");
  bench.publishes("order.placed", {"e1 k"});
  const auto dead = rejects(bench, "e1#1");
  bench.fills_segment();
  bench.leaves("payments");
  v1::Command redrive;
  redrive.mutable_redrive()->add_offsets(dead);
  CHECK(bench.tells(redrive) == "1");
  bench.fills_segment();
  bench.fills_segment();
  bench.restarts();
  CHECK(bench.retains() <= dead);
  bench.serves("payments", "order.placed");
  bench.until([&] { return bench.got("payments") == "e1#1 e1#1!"; });
}

TEST_CASE("where keys park, a letter is not redriven before an older one of its key") {
  auto model = desk_model();
  model.services["payments"].on_dead = config::OnDead::pass;
  DeskBench bench{model};
  bench.serves("payments", "order.placed");
  bench.publishes("order.placed", {"e1 k"});
  const auto first = rejects(bench, "e1#1");
  bench.publishes("order.placed", {"e2 k"});
  const auto second = rejects(bench, "e1#1 e2#1");
  bench.model().services["payments"].on_dead = config::OnDead::park;
  bench.restarts();
  bench.serves("payments", "order.placed");
  bench.publishes("order.placed", {"e3 k"}, 8);
  bench.rest();

  v1::Command redrive;
  redrive.mutable_redrive()->add_offsets(second);
  CHECK(bench.tells(redrive).find("stands behind another dead letter of its key") != std::string::npos);
  redrive.mutable_redrive()->set_offsets(0, first);
  CHECK(bench.tells(redrive) == "1");
  bench.until([&] { return bench.got("payments") == "e1#1 e2#1 e1#1!"; });
  SUBCASE("and what follows waits until both are gone") {
    CHECK(bench.settles("payments", {.acks = {{bench.newest("payments")}}}) == "");
    bench.rest();
    CHECK(bench.got("payments") == "e1#1 e2#1 e1#1!");
    redrive.mutable_redrive()->set_offsets(0, second);
    CHECK(bench.tells(redrive) == "1");
    bench.until([&] { return bench.got("payments") == "e1#1 e2#1 e1#1! e2#1! e3#1!"; });
  }
  SUBCASE("also after a restart") {
    bench.restarts();
    bench.serves("payments", "order.placed");
    bench.until([&] { return bench.got("payments") == "e1#1 e2#1 e1#1! e1#1!"; });
    bench.rest();
    CHECK(bench.got("payments") == "e1#1 e2#1 e1#1! e1#1!");
  }
}

TEST_CASE("a service that begins anew at the journal's start is not handed its former life's redeliveries") {
  DeskBench bench;
  bench.serves("payments", "order.placed");
  bench.publishes("order.placed", {"e1 k"});
  const auto dead = rejects(bench, "e1#1");
  v1::Command redrive;
  redrive.mutable_redrive()->add_offsets(dead);
  CHECK(bench.tells(redrive) == "1");
  bench.until([&] { return bench.got("payments") == "e1#1 e1#1!"; });
  bench.leaves("payments");
  v1::Command forget;
  forget.mutable_forget();
  CHECK(bench.tells(forget) == "1");

  bench.publishes("order.placed", {"e2 j"});

  v1::Subscribe from_start;
  from_start.set_from_start(true);
  bench.joins("payments-1", "payments", {"order.placed"}, from_start);
  const auto got = [&](const std::string& text) {
    bench.until([&] { return bench.got("payments-1") == text; });
  };
  got("e1#1 e2#1");
  SUBCASE("also after a restart") {
    bench.restarts();
    bench.joins("payments-1", "payments", {"order.placed"});
    got("e1#1 e2#1 e1#1 e2#1");
  }
  SUBCASE("but its own ones") {
    (void)bench.settles("payments-1", {.acks = {{bench.newest("payments-1")}}});
    (void)bench.settles("payments-1", {.nacks = {{.offset = dead, .reject = true}}});
    CHECK(bench.tells(redrive) == "1");
    got("e1#1 e2#1 e1#1!");
    bench.restarts();
    bench.joins("payments-1", "payments", {"order.placed"});
    got("e1#1 e2#1 e1#1! e1#1!");
  }
}

TEST_CASE("a letter that is given up while its service comes back is not handed over") {
  DeskBench bench;
  bench.serves("payments", "order.placed");
  bench.publishes("order.placed", {"e1 k"});
  bench.until([&] { return bench.got("payments") == "e1#1"; });
  const auto failed = bench.newest("payments");
  (void)bench.settles("payments", {.nacks = {{.offset = failed}}});
  bench.restarts();
  bench.disk_unreadable(true);  // it is there, and has not come to the event
  bench.serves("payments", "order.placed");
  bench.disk_stalls();  // the command is under way
  v1::Command give_up;
  give_up.mutable_give_up()->add_offsets(failed);
  bench.begins_to_tell(give_up);
  bench.disk_unreadable(false);
  bench.advance(std::chrono::seconds{11});
  bench.until([&] { return !is_behind(bench); });
  bench.rest();
  bench.disk_has_room();
  bench.rest();
  CHECK(bench.got("payments") == "e1#1");
  CHECK(bench.letters() == std::to_string(failed) + " Oops");
}

TEST_CASE("who subscribes under a name that is being forgotten begins anew") {
  DeskBench bench;
  bench.serves("payments", "order.placed");
  bench.publishes("order.placed", {"e1 k"});
  (void)rejects(bench, "e1#1");
  v1::Command pause;
  pause.mutable_pause();
  CHECK(bench.tells(pause) == "1");
  bench.leaves("payments");
  bench.publishes("order.placed", {"e2 j"});
  bench.rest();
  bench.disk_stalls();
  v1::Command forget;
  forget.mutable_forget();
  bench.begins_to_tell(forget);
  bench.joins("payments", "payments", {"order.placed"});
  bench.disk_has_room();
  bench.rest();
  bench.publishes("order.placed", {"e3 k"});
  bench.until([&] { return bench.got("payments") == "e1#1 e3#1"; });
  CHECK(bench.letters() == "");
}

TEST_CASE("a key whose last letter retention deletes goes on with what was parked behind it") {
  DeskBench bench;
  bench.serves("payments", "order.placed");
  bench.publishes("order.placed", {"e1 k"});
  const auto dead = rejects(bench, "e1#1");
  bench.fills_segment();
  bench.publishes("order.placed", {"e2 k"});
  bench.rest();
  CHECK(bench.got("payments") == "e1#1");
  bench.fills_segment();
  CHECK(bench.retains() > dead);
  CHECK(bench.letters() == "");
  bench.until([&] { return bench.got("payments") == "e1#1 e2#1!"; });
}
