// What an instance that leaves, in whatever way, has had and is charged for.
#include "desk_bench.h"

using namespace reel;
using namespace reel::broker;
using namespace reel::broker::test;

TEST_CASE("what was handed to an instance is reported, though it is gone within the second") {
  DeskBench bench;
  bench.serves("audit", "reel.delivery");
  bench.serves("payments", "order.placed");
  bench.publishes("order.placed", {"e1 k", "e2 k"});
  bench.until([&] { return bench.got("payments") == "e1#1 e2#1"; });
  const auto e2 = bench.newest("payments");
  const auto first = std::to_string(e2 - 1) + "#1 " + std::to_string(e2) + "#1";
  SUBCASE("with a goodbye") {
    bench.leaves("payments");
  }
  SUBCASE("without one") {
    bench.serves("payments", "order.placed");
  }
  bench.until([&] { return bench.reported().starts_with(first); });
}

TEST_CASE("what an instance held that is killed goes to another at once, not when its silence has lasted") {
  DeskBench bench;  // service_timeout is an hour
  bench.joins("payments-1", "payments", {"order.placed"});
  bench.publishes("order.placed", {"e1 a", "e2 b"});
  bench.until([&] { return bench.got("payments-1") == "e1#1 e2#1"; });
  bench.joins("payments-2", "payments", {"order.placed"});
  bench.joins("mail", "mail", {"order.paid"});
  bench.is_killed("payments-1");
  const auto killed_at = bench.desk().now();
  bench.until([&] { return bench.got("payments-2") == "e1#2 e2#2"; });
  CHECK(bench.desk().now() - killed_at < 400'000'000);
  // Nobody else's connection has ended.
  bench.publishes("order.paid", {"p1 a"});
  bench.until([&] { return bench.got("mail") == "p1#1"; });
}

TEST_CASE("who is killed while another's end is being looked into is found, too") {
  DeskBench bench;
  bench.joins("payments-1", "payments", {"order.placed"});
  bench.publishes("order.placed", {"e1 a"});
  bench.until([&] { return bench.got("payments-1") == "e1#1"; });
  bench.joins("payments-2", "payments", {"order.placed"});
  bench.joins("mail", "mail", {"order.paid"});
  bench.is_killed("mail");
  bench.advance(std::chrono::milliseconds{200});
  bench.beats("payments-1", {});
  bench.is_killed("payments-1");
  bench.until([&] { return bench.got("payments-2") == "e1#2"; });
}

TEST_CASE("who comes back by another connection at once is not lost") {
  DeskBench bench;
  bench.serves("audit", "reel.delivery");
  bench.joins("payments-1", "payments", {"order.placed"});
  bench.publishes("order.placed", {"e1 a"});
  bench.until([&] { return bench.got("payments-1") == "e1#1"; });
  bench.is_killed("payments-1");
  bench.advance(std::chrono::milliseconds{100});
  bench.joins("payments-1", "payments", {"order.placed"});
  bench.until([&] { return bench.got("payments-1") == "e1#1 e1#2"; });
  bench.advance(std::chrono::milliseconds{500});
  bench.rest();
  CHECK(bench.got("payments-1") == "e1#1 e1#2");
}
