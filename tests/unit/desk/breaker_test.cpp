// The circuit breaker, as clients and operators see it.
#include "desk_bench.h"

using namespace reel;
using namespace reel::broker;
using namespace reel::broker::test;
using namespace std::chrono_literals;

namespace {

config::Model with_breaker(std::uint32_t failures) {
  auto model = desk_model();
  auto& payments = model.services["payments"];
  payments.on_dead = config::OnDead::pass;
  payments.retry = {.attempts = 100, .backoff = {10ms}, .jitter = 0};
  payments.breaker = {.failures = failures, .pause = 1min};
  model.broker.tail_bytes_max = 1 << 20;
  return model;
}

class BreakerBench : public DeskBench {
 public:
  explicit BreakerBench(std::uint32_t failures = 3) : BreakerBench{with_breaker(failures)} {}
  explicit BreakerBench(config::Model model) : DeskBench{std::move(model)} {
    serves("payments", "order.placed");
  }
  /// "paused by X" or "".
  std::string state() {
    v1::Request request;
    request.mutable_services();
    const auto reply = asks(request);
    for (const auto& row : reply.services().services()) {
      if (row.service() == "payments" && row.paused_until() != 0) return "paused by " + row.paused_by();
    }
    return "";
  }
  /// Three of four events fail; the breaker of 3 opens.
  void outage() {
    publishes("order.placed", {"e1 a", "e2 b", "e3 c", "e4 d"});
    until([&] { return got("payments") == "e1#1 e2#1 e3#1 e4#1"; });
    const auto first = newest("payments") - 3;
    CHECK(settles("payments", {.nacks = {{first}, {first + 1}, {first + 2}}}) == "");
    fourth = first + 3;
    rest();
  }
  Offset fourth = 0;
};

}  // namespace

TEST_CASE("attempts that fail in a row pause the service, on record and by the broker's name") {
  BreakerBench bench;
  bench.outage();
  CHECK(bench.state() == "paused by reel-broker");
  bench.advance(10s);  // their retries are due, and the fourth is late
  bench.rest();
  CHECK(bench.got("payments") == "e1#1 e2#1 e3#1 e4#1");
  SUBCASE("also over a restart") {
    bench.restarts();
    CHECK(bench.state() == "paused by reel-broker");
  }
  SUBCASE("until an operator resumes it") {
    v1::Command command;
    command.set_service("payments");
    command.mutable_resume();
    CHECK(bench.tells(command) == "1");
    bench.until([&] { return bench.got("payments") == "e1#1 e2#1 e3#1 e4#1 e1#2"; });
    CHECK(bench.state() == "");
  }
}

TEST_CASE("behind the pause one event finds out how things are") {
  BreakerBench bench;
  bench.outage();
  CHECK(bench.settles("payments", {.nacks = {{bench.fourth}}}) == "");  // it was with its handler
  bench.advance(1min);
  bench.until([&] { return bench.got("payments") == "e1#1 e2#1 e3#1 e4#1 e1#2"; });
  bench.rest();
  CHECK(bench.got("payments") == "e1#1 e2#1 e3#1 e4#1 e1#2");
  SUBCASE("it fails: another pause") {
    CHECK(bench.settles("payments", {.nacks = {{bench.fourth - 3, 2}}}) == "");
    bench.rest();
    CHECK(bench.state() == "paused by reel-broker");
    bench.advance(30s);
    bench.rest();
    CHECK(bench.got("payments") == "e1#1 e2#1 e3#1 e4#1 e1#2");
  }
  SUBCASE("it is handled: all others follow") {
    CHECK(bench.settles("payments", {.acks = {{bench.fourth - 3, 2}}}) == "");
    bench.until([&] { return bench.got("payments") == "e1#1 e2#1 e3#1 e4#1 e1#2 e2#2 e3#2 e4#2"; });
  }
}

TEST_CASE("what is handled when the pause is over counts, though nothing was handed over yet") {
  BreakerBench bench;
  bench.outage();
  bench.advance(1min);
  CHECK(bench.settles("payments", {.acks = {{bench.fourth}}}) == "");
  bench.until([&] { return bench.got("payments") == "e1#1 e2#1 e3#1 e4#1 e1#2 e2#2 e3#2"; });
}

TEST_CASE("a handler that is at its work since before the pause keeps nobody from finding out") {
  BreakerBench bench;
  bench.model().services["payments"].ack_timeout = 1h;
  CHECK(bench.reloads(bench.model()) == "");
  bench.outage();
  bench.advance(1min);
  bench.until([&] { return bench.got("payments") == "e1#1 e2#1 e3#1 e4#1 e1#2"; });
}

TEST_CASE("what is handled in between, or rejected, opens no breaker") {
  BreakerBench bench;
  bench.publishes("order.placed", {"e1 a", "e2 b", "e3 c", "e4 d", "e5 e", "e6 f", "e7 g"});
  bench.until([&] { return bench.got("payments").ends_with("e7#1"); });
  const auto first = bench.newest("payments") - 6;
  CHECK(bench.settles("payments", {.nacks = {{first}, {first + 1}}}) == "");
  CHECK(bench.settles("payments", {.acks = {{first + 2}}}) == "");
  CHECK(bench.settles("payments", {.nacks = {{first + 3}}}) == "");
  CHECK(bench.settles("payments",
                      {.nacks = {{first + 4, 1, true}, {first + 5, 1, true}, {first + 6, 1, true}}}) == "");
  bench.rest();
  CHECK(bench.state() == "");
}

TEST_CASE("with one attempt for each event it opens all the same, and not for what is rejected") {
  auto model = with_breaker(3);
  model.services["payments"].retry.attempts = 1;
  BreakerBench bench{model};
  SUBCASE("failed") {
    bench.outage();
    CHECK(bench.state() == "paused by reel-broker");
  }
  SUBCASE("rejected") {
    bench.publishes("order.placed", {"e1 a", "e2 b", "e3 c"});
    bench.until([&] { return bench.got("payments") == "e1#1 e2#1 e3#1"; });
    const auto first = bench.newest("payments") - 2;
    CHECK(bench.settles("payments",
                        {.nacks = {{first, 1, true}, {first + 1, 1, true}, {first + 2, 1, true}}}) == "");
    CHECK(bench.state() == "");
  }
}

TEST_CASE("a pause that an operator made meanwhile is not cut short") {
  BreakerBench bench;
  bench.publishes("order.placed", {"e1 a", "e2 b", "e3 c"});
  bench.until([&] { return bench.got("payments") == "e1#1 e2#1 e3#1"; });
  v1::Command command;
  command.set_service("payments");
  command.mutable_pause();
  bench.begins_to_tell(command);  // not committed when the breaker opens
  const auto first = bench.newest("payments") - 2;
  CHECK(bench.settles("payments", {.nacks = {{first}, {first + 1}, {first + 2}}}) == "");
  bench.rest();
  CHECK(bench.state() == "paused by ada@host");
}

TEST_CASE("without a breaker nothing pauses, however much fails") {
  BreakerBench bench{0};
  bench.outage();
  CHECK(bench.state() == "");
}
