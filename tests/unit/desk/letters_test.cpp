// Listing dead letters page by page, while they come and go.
#include "desk_bench.h"

using namespace reel;
using namespace reel::broker;
using namespace reel::broker::test;

TEST_CASE("a page of dead letters begins behind the last one seen, whichever are gone by then") {
  DeskBench bench;
  bench.serves("payments", "order.placed");
  bench.publishes("order.placed", {"e1 a", "e2 b", "e3 c", "e4 d"});
  bench.until([&] { return bench.got("payments") == "e1#1 e2#1 e3#1 e4#1"; });
  const auto last = bench.newest("payments");
  DeskBench::Answers answers;
  for (auto at = last - 3; at <= last; ++at) answers.nacks.push_back({.offset = at, .reject = true});
  (void)bench.settles("payments", answers);

  v1::Request request;
  request.mutable_dead()->set_limit(2);
  const auto first = bench.asks(request).dead();
  CHECK(first.letters_size() == 2);
  CHECK(first.total() == 4);
  CHECK(first.next() == last - 2);
  CHECK(first.next_service() == "payments");

  v1::Command discard;
  discard.mutable_discard()->add_offsets(last - 3);
  discard.mutable_discard()->add_offsets(last - 2);
  CHECK(bench.tells(discard) == "2");
  request.mutable_dead()->set_after(first.next());
  request.mutable_dead()->set_after_service(first.next_service());
  const auto second = bench.asks(request).dead();
  REQUIRE(second.letters_size() == 2);
  CHECK(second.letters(0).failure().offset() == last - 1);
  CHECK(second.next() == 0);
  CHECK(second.total() == 2);
}

TEST_CASE("a service with as many dead letters as it may have is paused, and none is dropped") {
  auto model = desk_model();
  model.services["payments"].on_dead = config::OnDead::pass;
  model.services["payments"].dead_letters_max = 3;
  DeskBench bench{model};
  bench.serves("payments", "order.placed");
  bench.publishes("order.placed", {"e1 a", "e2 b", "e3 c", "e4 d", "e5 e"});
  bench.until([&] { return bench.got("payments") == "e1#1 e2#1 e3#1 e4#1 e5#1"; });
  const auto e1 = bench.newest("payments") - 4;
  (void)bench.settles("payments", {.nacks = {{e1, 1, true}, {e1 + 1, 1, true}, {e1 + 2, 1, true}}});
  // What is in flight by then may still become one.
  (void)bench.settles("payments", {.nacks = {{e1 + 3, 1, true}}});
  bench.publishes("order.placed", {"e6 f"});
  bench.rest();
  const auto everything = "e1#1 e2#1 e3#1 e4#1 e5#1";
  CHECK(bench.got("payments") == everything);

  v1::Request request;
  request.mutable_services();
  const auto row = bench.asks(request).services().services(0);
  CHECK(row.dead() == 4);
  CHECK(row.paused_by() == "reel-broker");

  v1::Command resume, discard;
  resume.mutable_resume();
  SUBCASE("who resumes it without having looked at any sees it paused again") {
    CHECK(bench.tells(resume) == "1");
    bench.until([&] { return bench.got("payments") == everything + std::string{" e6#1"}; });
    (void)bench.settles("payments", {.acks = {{e1 + 4}}});
    bench.publishes("order.placed", {"e7 g"});
    bench.rest();
    CHECK(bench.got("payments") == everything + std::string{" e6#1"});
  }
  SUBCASE("when some are discarded it goes on") {
    discard.mutable_discard()->add_offsets(e1);
    discard.mutable_discard()->add_offsets(e1 + 1);
    CHECK(bench.tells(discard) == "2");
    CHECK(bench.tells(resume) == "1");
    bench.until([&] { return bench.got("payments") == everything + std::string{" e6#1"}; });
    (void)bench.settles("payments", {.acks = {{e1 + 4}}});
    bench.publishes("order.placed", {"e7 g"});
    bench.until([&] { return bench.got("payments") == everything + std::string{" e6#1 e7#1"}; });
  }
}
