// Somebody sets the clock of the machine while the broker runs.
#include "desk_bench.h"

using namespace reel;
using namespace reel::broker;
using namespace reel::broker::test;
using namespace std::chrono_literals;

TEST_CASE("a clock that is set forward makes nobody silent") {
  DeskBench bench;
  bench.serves("payments", "order.placed");
  bench.steps_clock(48h);
  bench.publishes("order.placed", {"e1 k"});
  bench.until([&] { return bench.got("payments") == "e1#1"; });
}

TEST_CASE("a clock that is set back keeps nothing from becoming due, and nobody from being found silent") {
  DeskBench bench;
  bench.serves("payments", "order.placed");
  bench.publishes("order.placed", {"e1 k"});
  bench.until([&] { return bench.got("payments") == "e1#1"; });
  const auto before = bench.desk().now();
  bench.steps_clock(-48h);
  SUBCASE("ack_timeout is a second here, and the retry comes 10 ms later") {
    bench.advance(1'200ms);
    bench.rest();
    bench.advance(50ms);
    bench.until([&] { return bench.got("payments") == "e1#1 e1#2"; });
    CHECK(bench.desk().now() > before + 1'000'000'000);
  }
  SUBCASE("service_timeout is an hour") {
    bench.advance(61min);
    bench.rest();
    CHECK(bench.desk().services() == 1);
    v1::Request request;
    request.mutable_services();
    const auto reply = bench.asks(request);
    CHECK(reply.services().services(0).instances_size() == 0);
  }
}

TEST_CASE("log time and a clock that was set back meet again, and both go on") {
  DeskBench bench;
  const auto before = bench.desk().now();
  bench.steps_clock(-10s);
  bench.advance(50s);  // log time is 45 s further
  CHECK(bench.desk().now() >= before + 45'000'000'000);
  CHECK(bench.desk().now() < before + 46'000'000'000);
  bench.advance(60s);
  CHECK(bench.desk().now() < before + 101'000'000'000);
}
