// A key that lasts, tried again or in a handler that hangs, with more events behind it than the service's
// window has room for.
#include "desk_bench.h"

using namespace reel;
using namespace reel::broker;
using namespace reel::broker::test;

namespace {

config::Model small_window() {
  auto model = desk_model();
  model.broker.service_window_events_max = 8;
  auto& payments = model.services["payments"];
  payments.ack_timeout = std::chrono::hours{1};
  payments.retry = {.attempts = 5, .backoff = {std::chrono::minutes{10}}, .jitter = 0};
  return model;
}

/// "f1 k" to "f20 k", each with a segment of its own where that matters.
void publishes_followers(DeskBench& bench) {
  std::vector<std::string> events;
  for (int i = 1; i <= 20; ++i) events.push_back("f" + std::to_string(i) + " k");
  bench.publishes("order.placed", events);
}

/// "f1#1 … f20#1", from one of them on.
std::string followers(int from = 1, int to = 20) {
  std::string text;
  for (int i = from; i <= to; ++i) text += " f" + std::to_string(i) + "#1";
  return text;
}

v1::ServicesReply::Service row_of_payments(DeskBench& bench) {
  v1::Request request;
  request.mutable_services();
  return bench.asks(request).services().services(0);
}

/// payments has failed at e1, which is tried again much later.
void fails(DeskBench& bench) {
  bench.serves("payments", "order.placed");
  bench.publishes("order.placed", {"e1 k"});
  bench.until([&] { return bench.got("payments") == "e1#1"; });
  (void)bench.settles("payments", {.nacks = {{.offset = bench.newest("payments")}}});
}

/// One after the other, from there on, as they come.
void handles(DeskBench& bench, Offset first, int count) {
  for (int i = 1; i <= count; ++i, ++first) {
    bench.until(
        [&] { return (bench.got("payments") + " ").find(followers(i, i) + " ") != std::string::npos; });
    CHECK(bench.settles("payments", {.acks = {{first}}}) == "");
  }
}

}  // namespace

TEST_CASE("what follows an event that is tried again fills no window: other keys flow on") {
  DeskBench bench{small_window()};
  fails(bench);
  const auto failed = bench.newest("payments");
  publishes_followers(bench);
  bench.publishes("order.placed", {"o1 j"});
  bench.until([&] { return bench.got("payments") == "e1#1 o1#1"; });
  CHECK(row_of_payments(bench).waiting() == 22);
  CHECK(bench.settles("payments", {.acks = {{bench.newest("payments")}}}) == "");

  SUBCASE("and they come when it is handled, in order") {
    v1::Command retry;
    retry.mutable_retry_now()->add_offsets(failed);
    CHECK(bench.tells(retry) == "1");
    bench.until([&] { return bench.got("payments") == "e1#1 o1#1 e1#2" + followers(1, 7); });
    CHECK(bench.settles("payments", {.acks = {{failed, 2}}}) == "");
    handles(bench, failed + 2, 20);
    CHECK(bench.got("payments") == "e1#1 o1#1 e1#2" + followers());
    SUBCASE("after which their key is one like any other") {
      bench.publishes("order.placed", {"e2 k"});
      bench.until([&] { return bench.got("payments").ends_with("f20#1 e2#1"); });
      CHECK(row_of_payments(bench).waiting() == 1);
    }
  }
  SUBCASE("and no retention deletes them") {
    for (int i = 0; i < 3; ++i) bench.fills_segment();
    CHECK(bench.retains() <= failed + 1);
  }
  SUBCASE("and they are owed as ever after a restart") {
    bench.restarts();
    bench.serves("payments", "order.placed");
    bench.publishes("order.placed", {"o2 j"}, 8);
    bench.until([&] { return bench.got("payments") == "e1#1 o1#1 o2#1"; });
    bench.advance(std::chrono::minutes{10});
    bench.until([&] { return bench.got("payments").starts_with("e1#1 o1#1 o2#1 e1#1 f1#1 f2#1"); });
  }
  SUBCASE("and they park when it dies") {
    v1::Command give_up;
    give_up.mutable_give_up()->add_offsets(failed);
    CHECK(bench.tells(give_up) == "1");
    bench.until([&] { return row_of_payments(bench).parked() == 20; });
    v1::Command redrive;
    redrive.mutable_redrive()->add_offsets(failed);
    CHECK(bench.tells(redrive) == "1");
    bench.until([&] { return bench.got("payments").starts_with("e1#1 o1#1 e1#1! f1#1!"); });
  }
}

TEST_CASE("what follows an event whose handler hangs fills no window: other keys flow on") {
  DeskBench bench{small_window()};
  v1::Subscribe credit;
  credit.set_credit_events(16);  // of which a key has four
  bench.joins("payments-1", "payments", {"order.placed"}, credit);
  bench.publishes("order.placed", {"e1 k"});
  publishes_followers(bench);
  bench.publishes("order.placed", {"o1 j"});
  bench.until([&] { return bench.got("payments-1") == "e1#1" + followers(1, 3); });
  bench.advance(std::chrono::seconds{1});
  bench.until([&] { return bench.got("payments-1") == "e1#1" + followers(1, 3) + " o1#1"; });
  SUBCASE("and they come when it returns, in order") {
    const auto hung = bench.newest("payments-1") - 21;
    (void)bench.settles("payments-1", {.acks = {{hung}, {hung + 1}, {hung + 2}, {hung + 3}}});
    bench.until(
        [&] { return bench.got("payments-1") == "e1#1" + followers(1, 3) + " o1#1" + followers(4, 7); });
  }
}

TEST_CASE(
    "an instance that keeps an event for long gets what follows it all the same, as far as its credit goes") {
  DeskBench bench{small_window()};
  v1::Subscribe credit;
  credit.set_credit_events(4);
  bench.joins("payments-1", "payments", {"order.placed"}, credit);
  bench.publishes("order.placed", {"e1 k"});
  publishes_followers(bench);
  bench.until([&] { return bench.got("payments-1") == "e1#1" + followers(1, 3); });
  bench.advance(std::chrono::seconds{2});
  bench.rest();
  const auto first = bench.newest("payments-1") - 3;
  (void)bench.settles("payments-1", {.acks = {{first}, {first + 1}, {first + 2}}});
  bench.until([&] { return bench.got("payments-1") == "e1#1" + followers(1, 6); });
}
