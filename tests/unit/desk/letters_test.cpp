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
