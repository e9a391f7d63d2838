#include "dispatch/dispatch.h"

#include <doctest/doctest.h>

#include <utility>

#include <numeric>

#include "dispatch/backoff.h"
#include "dispatch_bench.h"
#include "reel/v1/query.pb.h"

using namespace reel;
using namespace reel::broker;

TEST_CASE("a nack takes back what was handed over behind it under its key, and only that") {
  DispatchBench bench;
  bench.joins('X');
  bench.offers("1a 2a 3b 4a");
  CHECK(bench.hands() == "X: 1 2 3 4");
  CHECK(bench.nacks('X', 2) == "failed 2 nacked attempt 1 Oops until 100ms");
  CHECK(bench.dispatch.in_flight() == 2);
  CHECK(bench.dispatch.retrying() == 1);
  CHECK(bench.acks('X', 1, 4) == "acked 1 3; stale 2 4");

  bench.offers("5a 6b");
  CHECK(bench.hands() == "X: 6");  // other keys flow on
  CHECK(bench.next_deadline() == "100ms");
  bench.advance(99ms);
  CHECK(bench.hands() == "");
  bench.advance(1ms);
  CHECK(bench.hands() == "X: 2 (delivery 2, attempt 2) 4 (delivery 2, attempt 1) 5");
  CHECK(bench.acks('X', 2, 4, 1) == "acked 5; stale 2-4");
  CHECK(bench.acks('X', 2, 3, 2) == "acked 2 4; stale 3");
  CHECK(bench.dispatch.held() == 1);
}

TEST_CASE("of two acks of one event that come at once the one to the delivery held counts, in any order") {
  DispatchBench bench;
  bench.joins('X');
  bench.offers("1a");
  bench.hands();
  bench.advance(30s);
  CHECK(bench.expires() == "failed 1 timed out attempt 1 ack_timeout until 30100ms");
  bench.advance(100ms);
  CHECK(bench.hands() == "X: 1 (delivery 2, attempt 2)");
  SUBCASE("the late one first") {
    CHECK(bench.settles('X', {{1, 1, 1}, {1, 1, 2}}, {}) == "acked 1; stale 1");
  }
  SUBCASE("the late one last") {
    CHECK(bench.settles('X', {{1, 1, 2}, {1, 1, 1}}, {}) == "acked 1; stale 1");
  }
  CHECK(bench.dispatch.held() == 0);
}

TEST_CASE("backoff grows, and after the last attempt the event is dead and its key goes on") {
  DispatchBench bench;
  bench.joins('X');
  bench.offers("1a 2a");
  bench.hands();
  CHECK(bench.nacks('X', 1, 1) == "failed 1 nacked attempt 1 Oops until 100ms");
  bench.advance(100ms);
  CHECK(bench.hands() == "X: 1 (delivery 2, attempt 2) 2 (delivery 2, attempt 1)");
  CHECK(bench.nacks('X', 1, 2) == "failed 1 nacked attempt 2 Oops until 1100ms");
  bench.advance(1s);
  CHECK(bench.hands() == "X: 1 (delivery 3, attempt 3) 2 (delivery 3, attempt 1)");
  const Nack last{.offset = 1, .delivery = 3, .error_type = "Oops"};
  const Settlement settlement = bench.dispatch.settle(DispatchBench::id('X'), {}, {&last, 1}, bench.at());
  CHECK(DispatchBench::text(settlement) == "failed 1 dead attempt 3 Oops");
  CHECK(settlement.failures[0].first_failed_at() == DispatchBench::start);
  CHECK(bench.hands() == "X: 2 (delivery 4, attempt 1)");
  CHECK(bench.dispatch.oldest() == 2);
}

TEST_CASE("how often and when an event is tried again may depend on the error") {
  auto policy = DispatchBench::policy();
  policy.retry.by_error = {{.error_type = "shop::Declined", .attempts = 1, .backoff = {100ms}, .max_age = 1h},
                           {.error_type = "*Timeout", .attempts = 20, .backoff = {1min}, .max_age = 90s},
                           {.error_type = "ack_timeout", .attempts = 2, .backoff = {5s}, .max_age = 1h},
                           {.error_type = "shop::*", .attempts = 5, .backoff = {7s}, .max_age = 1h}};
  DispatchBench bench{policy};
  bench.joins('X');
  bench.offers("1a 2b 3c 4d 5e");
  bench.hands();
  const auto fails = [&](Offset offset, std::string_view type, std::uint32_t delivery = 1) {
    return bench.settles('X', {},
                         {{.offset = offset, .delivery = delivery, .error_type = std::string{type}}});
  };
  CHECK(fails(1, "shop::Declined") == "failed 1 dead attempt 1 shop::Declined");
  CHECK(fails(2, "db::Timeout") == "failed 2 nacked attempt 1 db::Timeout until 60000ms");
  CHECK(fails(3, "shop::Timeout") == "failed 3 nacked attempt 1 shop::Timeout until 60000ms");  // the first
  CHECK(fails(4, "shop::Busy") == "failed 4 nacked attempt 1 shop::Busy until 7000ms");
  CHECK(fails(5, "std::runtime_error") == "failed 5 nacked attempt 1 std::runtime_error until 100ms");

  SUBCASE("by the last one, whatever failed before") {
    bench.advance(7s);
    CHECK(bench.hands() == "X: 4 (delivery 2, attempt 2) 5 (delivery 2, attempt 2)");
    CHECK(fails(4, "shop::Declined", 2) == "failed 4 dead attempt 2 shop::Declined");
    CHECK(fails(5, "std::runtime_error", 2) == "failed 5 nacked attempt 2 std::runtime_error until 8000ms");
  }
  SUBCASE("also how long it is worth trying") {
    bench.advance(1min);
    bench.hands();
    CHECK(fails(2, "db::Timeout", 2) == "failed 2 dead attempt 2 db::Timeout");  // 2 min > 90 s
  }
}

TEST_CASE("a reject is dead at once, and takes back what lies behind it like any nack") {
  DispatchBench bench;
  bench.joins('X');
  bench.offers("1a 2a");
  bench.hands();
  CHECK(bench.rejects('X', 1) == "failed 1 dead attempt 1 Oops");
  CHECK(bench.acks('X', 2) == "stale 2");
  CHECK(bench.hands() == "X: 2 (delivery 2, attempt 1)");
}

TEST_CASE("a nack may say itself how long to wait") {
  DispatchBench bench;
  bench.joins('X');
  bench.offers("1a");
  bench.hands();
  CHECK(bench.settles('X', {}, {{.offset = 1, .delivery = 1, .error_type = "Busy", .delay = 5s}}) ==
        "failed 1 nacked attempt 1 Busy until 5000ms");
}

TEST_CASE("what has no answer in time is taken back, the first of each key as an attempt") {
  DispatchBench bench;
  bench.joins('X');
  bench.offers("1a 2a 3b");
  bench.hands();
  bench.advance(1s);
  bench.offers("4c");
  bench.hands();
  CHECK(bench.next_deadline() == "30000ms");
  bench.advance(29s - 1ms);
  CHECK(bench.expires() == "");
  bench.advance(1ms);
  CHECK(bench.expires() ==
        "failed 1 timed out attempt 1 ack_timeout until 30100ms; "
        "failed 3 timed out attempt 1 ack_timeout until 30100ms");
  CHECK(bench.acks('X', 1, 4) == "acked 4; stale 1-3");
  CHECK(bench.next_deadline() == "30100ms");
  bench.advance(100ms);
  CHECK(bench.hands() == "X: 1 (delivery 2, attempt 2) 2 (delivery 2, attempt 1) 3 (delivery 2, attempt 2)");
}

TEST_CASE(
    "what was taken back and handed over anew at once is charged no attempt for what times out before it") {
  DispatchBench bench;
  bench.joins('X');
  bench.offers("1d");
  bench.hands();
  bench.nacks('X', 1);
  bench.offers("2b 3b 4a 5d 6b");
  CHECK(bench.hands() == "X: 2 3 4 6");
  bench.settles('X', {}, {{.offset = 2, .delivery = 1, .reject = true, .expired = true}});
  CHECK(bench.hands() == "X: 3 (delivery 2, attempt 1) 6 (delivery 2, attempt 1)");
  bench.advance(31s);
  CHECK(bench.expires() ==
        "failed 4 timed out attempt 1 ack_timeout until 31100ms; "
        "failed 3 timed out attempt 1 ack_timeout until 31100ms");
}

TEST_CASE("an instance that drains gives everything back untouched") {
  DispatchBench bench;
  bench.joins('X');
  bench.offers("1a 2b 3a");
  bench.hands();
  bench.acks('X', 2);
  CHECK(bench.drains('X') == "");
  CHECK(bench.dispatch.in_flight() == 0);
  bench.joins('Y');
  CHECK(bench.hands() == "Y: 1 (delivery 2, attempt 1) 3 (delivery 2, attempt 1)");
  CHECK(bench.acks('X', 1) == "stale 1");
}

TEST_CASE("one key in flight to a lost instance: its first event is charged an attempt") {
  DispatchBench bench;
  bench.joins('X');
  bench.offers("1a 2a");
  bench.hands();
  CHECK(bench.loses('X') == "failed 1 lost attempt 1 consumer_lost until 0ms");
}

TEST_CASE("of several keys in flight to a lost instance none is charged, but the loss is remembered") {
  DispatchBench bench;
  bench.joins('X');
  bench.offers("1a 2b 3a");
  bench.hands();
  CHECK(bench.loses('X') ==
        "failed 1 lost attempt 0 consumer_lost losses 1 until 0ms; "
        "failed 2 lost attempt 0 consumer_lost losses 1 until 0ms");
  bench.joins('Y');
  CHECK(bench.hands() == "Y: 1 (delivery 2, attempt 1) 2 (delivery 2, attempt 1) 3 (delivery 2, attempt 1)");
}

TEST_CASE("what was there at two losses is handed out alone, and only the culprit dies") {
  DispatchBench bench;
  bench.offers("1a 2b 3c");
  for (const char instance : {'W', 'X'}) {
    bench.joins(instance);
    bench.hands();
    bench.loses(instance);
  }
  bench.offers("4d");
  bench.joins('Y');
  CHECK(bench.hands() == "Y: 1 (delivery 3, attempt 1)");
  bench.acks('Y', 1, 1, 3);
  CHECK(bench.hands() == "Y: 2 (delivery 3, attempt 1)");
  CHECK(bench.loses('Y') == "failed 2 lost attempt 1 consumer_lost losses 2 until 0ms");
  bench.joins('Z');
  CHECK(bench.hands() == "Z: 3 (delivery 3, attempt 1)");
  bench.acks('Z', 3, 1, 3);
  CHECK(bench.hands() == "Z: 2 (delivery 4, attempt 2)");
  CHECK(bench.loses('Z') == "failed 2 lost attempt 2 consumer_lost losses 2 until 0ms");
}

TEST_CASE("of many suspects a quarter is handed out at a time, and losses narrow down the culprit") {
  DispatchBench bench;
  bench.offers("1a 2b 3c 4d 5e 6f 7g 8h 9i");
  for (const char instance : {'V', 'W'}) {
    bench.joins(instance);
    bench.hands();
    bench.loses(instance);
  }
  bench.joins('X');
  CHECK(bench.hands() == "X: 1 (delivery 3, attempt 1) 2 (delivery 3, attempt 1)");
  CHECK(bench.hands() == "");
  bench.acks('X', 1, 2, 3);
  CHECK(bench.hands() == "X: 3 (delivery 3, attempt 1)");
  bench.acks('X', 3, 1, 3);
  CHECK(bench.hands() == "X: 4 (delivery 3, attempt 1)");
  CHECK(bench.loses('X') == "failed 4 lost attempt 1 consumer_lost losses 2 until 0ms");
}

TEST_CASE("in offset order no key is kept to its share, so nothing passes it") {
  auto policy = DispatchBench::policy();
  policy.in_offset_order = true;
  DispatchBench bench{policy};
  bench.joins('X', 16);
  bench.offers("1a 2a 3a 4a 5a 6a 7b 8a");
  CHECK(bench.hands() == "X: 1 2 3 4 5 6 7 8");
}

TEST_CASE("in offset order, losses that an earlier version noted set nothing apart") {
  auto policy = DispatchBench::policy();
  policy.in_offset_order = true;
  DispatchBench bench{policy};
  bench.offers({.offset = 1, .key_hash = 1, .bytes = 10});
  bench.offers({.offset = 2, .key_hash = 2, .bytes = 10, .losses = 2});
  bench.offers({.offset = 3, .key_hash = 3, .bytes = 10});
  bench.joins('X');
  CHECK(bench.hands() == "X: 1 2 3");
}

TEST_CASE("in offset order, what lost instances held comes again in offset order, however often") {
  auto policy = DispatchBench::policy();
  policy.in_offset_order = true;
  DispatchBench bench{policy};
  bench.offers("1a 2b 3c");
  for (const char instance : {'V', 'W', 'X'}) {
    bench.joins(instance);
    bench.hands();
    CHECK(bench.loses(instance) == "");
  }
  bench.offers("4d");
  bench.joins('Y');
  CHECK(bench.hands() ==
        "Y: 1 (delivery 4, attempt 1) 2 (delivery 4, attempt 1) 3 (delivery 4, attempt 1) 4");
}

TEST_CASE("ten thousand suspects are cleared in a few dozen rounds") {
  constexpr std::uint32_t count = 10'000;
  DispatchBench bench{DispatchBench::policy(), count};
  for (Offset offset = 1; offset <= count; ++offset) {
    bench.offers({.offset = offset, .key_hash = offset, .bytes = 10, .losses = 2});
  }
  bench.joins('X', count);
  int rounds = 0;
  while (bench.hands(count) != "") {
    ++rounds;
    bench.acks('X', 1, count, 1);
  }
  CHECK(bench.dispatch.held() == 0);
  CHECK(rounds > 1);
  CHECK(rounds < 50);
}

TEST_CASE("while one instance is emptied for a suspect the others go on") {
  DispatchBench bench;
  bench.offers("1a 2b");
  for (const char instance : {'W', 'X'}) {
    bench.joins(instance);
    bench.hands();
    bench.loses(instance);
  }
  bench.joins('Y', 1);
  CHECK(bench.hands() == "Y: 1 (delivery 3, attempt 1)");
  bench.joins('Z', 3);
  CHECK(bench.hands() == "Z: 2 (delivery 3, attempt 1)");
  bench.offers("3c 4d");
  CHECK(bench.hands() == "");
  bench.acks('Y', 1, 1, 3);
  CHECK(bench.hands() == "Y: 3");
  bench.acks('Z', 2, 1, 3);
  CHECK(bench.hands() == "Z: 4");
}

TEST_CASE("nobody is emptied any more for a suspect that is given up") {
  DispatchBench bench;
  bench.joins('X');
  bench.joins('Y');
  bench.offers("1a 2b");
  CHECK(bench.hands() == "X: 1, Y: 2");
  bench.offers({.offset = 3, .key_hash = 'c', .bytes = 10, .losses = 2});
  CHECK(bench.hands() == "");  // X is to be emptied
  bench.drains('Y');
  CHECK(bench.gives_up(3) == "gave up 3");
  CHECK(bench.hands() == "X: 2 (delivery 2, attempt 1)");
}

TEST_CASE("an event that takes every instance with it ends as a dead letter") {
  DispatchBench bench;
  bench.offers("1a");
  std::string last;
  for (const char instance : {'X', 'Y', 'Z'}) {
    bench.joins(instance);
    bench.hands();
    last = bench.loses(instance);
  }
  CHECK(last == "failed 1 dead attempt 3 consumer_lost");
}

TEST_CASE("a recovered failure goes on where it was, and its key waits for it") {
  DispatchBench bench;
  bench.joins('X');
  bench.offers({.offset = 1,
                .key_hash = 'a',
                .attempt = 3,
                .not_before = DispatchBench::start + 50'000'000,
                .first_failed_at = 77});
  bench.offers("2a 3b");
  CHECK(bench.hands() == "X: 3");
  CHECK(bench.dispatch.retrying() == 1);
  CHECK(bench.next_deadline() == "50ms");
  bench.advance(50ms);
  CHECK(bench.hands() == "X: 1 2");
  const Nack last{.offset = 1, .delivery = 1};
  const Settlement settlement = bench.dispatch.settle(DispatchBench::id('X'), {}, {&last, 1}, bench.at());
  CHECK(settlement.failures[0].ending() == v1::ENDING_DEAD);
  CHECK(settlement.failures[0].first_failed_at() == 77);
}

TEST_CASE("nothing is tried again once its first failure is older than max_age") {
  auto policy = DispatchBench::policy();
  policy.retry.attempts = 100;
  policy.retry.max_age = 2s;
  DispatchBench bench{policy};
  bench.joins('X');
  bench.offers("1a");
  bench.hands();
  CHECK(bench.nacks('X', 1) == "failed 1 nacked attempt 1 Oops until 100ms");
  bench.advance(1s);
  bench.hands();
  CHECK(bench.nacks('X', 1, 2) == "failed 1 nacked attempt 2 Oops until 2000ms");
  bench.advance(1s);
  bench.hands();
  CHECK(bench.nacks('X', 1, 3) == "failed 1 dead attempt 3 Oops");
}

TEST_CASE("a handler that says it is still at it has its time anew") {
  DispatchBench bench;
  bench.joins('X');
  bench.offers("1a 2b");
  bench.hands();
  bench.advance(20s);
  bench.extends('X', 1);
  bench.extends('Y', 2);
  bench.extends('X', 2, 1, 9);
  bench.advance(10s);
  CHECK(bench.expires() == "failed 2 timed out attempt 1 ack_timeout until 30100ms");
  CHECK(bench.next_deadline() == "30100ms");
  bench.advance(20s);
  CHECK(bench.expires() == "failed 1 timed out attempt 1 ack_timeout until 50100ms");
}

TEST_CASE("with an instance that tells what it has begun, an event's time runs from then") {
  DispatchBench bench;
  bench.joins_telling('X');
  bench.offers("1a 2b 3a 4c");
  CHECK(bench.hands() == "X: 1 2 3 4");
  SUBCASE("so what waits for a handler waits, however long, and what hangs is taken back") {
    bench.advance(29s);
    bench.tells('X', {1}, 2, 4);
    for (int round = 0; round < 30; ++round) {
      CHECK(bench.expires() == "");
      bench.advance(1s);
      bench.tells('X', {1}, 2, 4);
    }
    CHECK(bench.expires() == "failed 1 timed out attempt 1 ack_timeout until 59100ms; took back 1#1 3#1");
    CHECK(bench.acks('X', 1, 4) == "acked 2 4; stale 1 3");
  }
  SUBCASE("an in-progress is of the one event alone") {
    bench.advance(20s);
    bench.extends('X', 1);
    CHECK(bench.next_deadline() == "30000ms");
    bench.tells('X', {1}, 2, 4);
    bench.advance(10s);
    CHECK(bench.expires() == "");
    CHECK(bench.next_deadline() == "50000ms");
  }
  SUBCASE("what it does not know of was lost on the way") {
    bench.tells('X', {}, 2, 4);
    bench.advance(30s - 1ms);
    CHECK(bench.expires() == "");
    bench.tells('X', {}, 2, 3);
    bench.advance(1ms);
    CHECK(bench.expires() ==
          "failed 1 timed out attempt 1 ack_timeout until 30100ms; "
          "failed 4 timed out attempt 1 ack_timeout until 30100ms; took back 1#1 3#1 4#1");
  }
  SUBCASE("where it has told nothing for long, nothing is known to wait") {
    bench.tells('X', {}, 1, 4);
    bench.advance(30s);
    CHECK(bench.expires() ==
          "failed 1 timed out attempt 1 ack_timeout until 30100ms; "
          "failed 2 timed out attempt 1 ack_timeout until 30100ms; "
          "failed 4 timed out attempt 1 ack_timeout until 30100ms; took back 1#1 3#1 2#1 4#1");
  }
}

TEST_CASE("an ack_timeout shorter than the beats charges nothing that waits for a handler") {
  auto policy = DispatchBench::policy();
  policy.ack_timeout = 100ms;
  DispatchBench bench{policy};
  bench.joins_telling('X');
  bench.offers("1a 2b");
  bench.hands();
  bench.advance(4s);
  CHECK(bench.expires() == "");
  bench.tells('X', {1}, 2, 2);
  bench.advance(99ms);
  CHECK(bench.expires() == "");
  bench.advance(1ms);
  CHECK(bench.expires() == "failed 1 timed out attempt 1 ack_timeout until 4200ms; took back 1#1");
  bench.advance(900ms);
  CHECK(bench.expires() == "");
}

TEST_CASE("what waits at an instance whose handlers all hang goes to others, and is charged nothing") {
  DispatchBench bench;
  bench.joins_telling('X');
  bench.offers("1a 2b 3c");
  bench.hands();
  for (int second = 0; second < 59; ++second) {
    bench.tells('X', {1}, 2, 3);
    (void)bench.expires();
    bench.advance(1s);
  }
  bench.joins_telling('Y');
  CHECK(bench.hands() == "Y: 1 (delivery 2, attempt 2)");
  bench.tells('X', {1}, 2, 3);
  bench.advance(1s);
  CHECK(bench.expires() == "took back 2#1 3#1");
  CHECK(bench.hands() == "Y: 2 (delivery 2, attempt 1) 3 (delivery 2, attempt 1)");

  bench.offers("4d 5e");
  CHECK(bench.drains('Y') == "");
  CHECK(bench.hands() == "");  // X gets nothing until a handler of its own has returned
  SUBCASE("which may be too late for its event") {
    CHECK(bench.acks('X', 1) == "stale 1");
  }
  SUBCASE("or it says that none runs") {
    bench.tells('X', {});
  }
  CHECK(bench.hands() ==
        "X: 1 (delivery 3, attempt 2) 2 (delivery 3, attempt 1) 3 (delivery 3, attempt 1) 4 5");
}

TEST_CASE("what failed with one instance is tried by another where there is one") {
  DispatchBench bench;
  bench.joins('X');
  bench.offers("1a");
  bench.hands();
  bench.joins('Y', 1);
  bench.nacks('X', 1);
  bench.advance(100ms);
  CHECK(bench.hands() == "Y: 1 (delivery 2, attempt 2)");
}

TEST_CASE("a retry may be hurried, or given up; what is in flight may not") {
  DispatchBench bench;
  bench.joins('X');
  bench.offers("1a 2b 3a");
  bench.hands();
  CHECK_FALSE(bench.dispatch.retry_now(1));
  CHECK(bench.gives_up(1) == "not to be given up");
  bench.settles('X', {}, {{.offset = 1, .delivery = 1}, {.offset = 2, .delivery = 1}});
  CHECK(bench.dispatch.retry_now(1));
  CHECK(bench.hands() == "X: 1 (delivery 2, attempt 2) 3 (delivery 2, attempt 1)");
  CHECK(bench.gives_up(2) == "gave up 2");
  CHECK(bench.gives_up(2) == "not to be given up");
  CHECK(bench.dispatch.retrying() == 0);
  CHECK(bench.next_deadline() == "100ms");  // of what is not there any more: once, and then never again
  bench.advance(100ms);
  CHECK(bench.expires() == "");
  CHECK(bench.next_deadline() == "30000ms");
}

TEST_CASE("where the policy parks, what is held behind a dead letter leaves with it") {
  auto policy = DispatchBench::policy();
  policy.on_dead = config::OnDead::park;
  DispatchBench bench{policy};
  bench.joins('X', 3);
  bench.offers("1a 2b 3a 4a 5b");
  bench.offers({.offset = 6, .key_hash = 'a', .bytes = 10, .origin = 2});
  bench.hands();
  CHECK(bench.rejects('X', 1) == "failed 1 dead attempt 1 Oops; parked 3 4 6 (2)");
  CHECK(bench.acks('X', 2) == "acked 2");
  CHECK(bench.hands() == "X: 5");
  CHECK(bench.acks('X', 3) == "stale 3");
  CHECK(bench.dispatch.held() == 1);
}

TEST_CASE("an expired event is done with, and its key goes on whatever the policy") {
  auto policy = DispatchBench::policy();
  policy.on_dead = config::OnDead::park;
  DispatchBench bench{policy};
  bench.joins('X');
  bench.offers("1a 2a");
  bench.hands();
  CHECK(bench.settles('X', {}, {{.offset = 1, .delivery = 1, .reject = true, .expired = true}}) ==
        "failed 1 expired attempt 1 ");
  CHECK(bench.hands() == "X: 2 (delivery 2, attempt 1)");
}

TEST_CASE("of an exclusive service one instance works, and the next one when it leaves") {
  auto policy = DispatchBench::policy();
  policy.exclusive = true;
  DispatchBench bench{policy};
  bench.joins('X', 2);
  bench.joins('Y');
  bench.offers("1a 2b 3c");
  CHECK(bench.hands() == "X: 1 2");
  bench.acks('X', 1);
  CHECK(bench.hands() == "X: 3");
  bench.drains('X');
  CHECK(bench.hands() == "Y: 2 (delivery 2, attempt 1) 3 (delivery 2, attempt 1)");
}

TEST_CASE("all instances together have no more in flight than max_in_flight") {
  auto policy = DispatchBench::policy();
  policy.max_in_flight = 3;
  DispatchBench bench{policy};
  bench.joins('X', 2);
  bench.joins('Y', 2);
  bench.offers("1a 2b 3c 4d");
  bench.hands();
  CHECK(bench.dispatch.in_flight() == 3);
  CHECK(bench.hands() == "");
}

TEST_CASE("foreign answers are stale and change nothing") {
  DispatchBench bench;
  bench.joins('X');
  bench.joins('Y', 0);
  bench.offers("5a 6a 8b");
  bench.hands();
  CHECK(bench.acks('Y', 5, 2) == "stale 5-6");
  CHECK(bench.acks('Q', 5, 2) == "stale 5-6");
  CHECK(bench.nacks('Y', 5) == "stale 5");
  CHECK(bench.nacks('X', 7) == "stale 7");
  CHECK(bench.acks('X', 5, 2, 2) == "stale 5-6");
  CHECK(bench.acks('X', 5, 0) == "");
  CHECK(bench.acks('X', ~Offset{0} - 1, 4'000'000'000) == "stale 18446744073709551614");
  CHECK(bench.dispatch.in_flight() == 3);

  SUBCASE("a huge range acks what is held of it") {
    CHECK(bench.acks('X', 0, 4'000'000'000) == "acked 5-6 8; stale 0-4 7 9-3999999999");
  }
  SUBCASE("twice in one answer counts once") {
    CHECK(bench.settles('X', {{5, 1, 1}, {5, 1, 1}}, {{.offset = 5, .delivery = 1}}) == "acked 5; stale 5 5");
  }
  SUBCASE("ranges over ranges are not walked for ever") {
    const std::vector<AckRange> ranges(1000, {0, 100, 9});
    bench.settles('X', ranges, {});
    CHECK(bench.dispatch.in_flight() == 3);
  }
}

TEST_CASE("given_back() grows whenever something is given back, and with nothing else") {
  DispatchBench bench;
  std::uint64_t known = bench.dispatch.given_back();
  const auto grew = [&] { return std::exchange(known, bench.dispatch.given_back()) != known; };
  bench.joins('X');
  bench.joins('Y');
  bench.offers("1a 2a 3b 4c");
  (void)bench.hands();
  CHECK(bench.acks('X', 1) + bench.acks('Y', 1) != "");
  CHECK_FALSE(grew());
  CHECK(bench.nacks('X', 3) + bench.nacks('Y', 3) != "");
  CHECK(grew());
  bench.advance(31s);
  CHECK(bench.expires() != "");
  CHECK(grew());
  bench.advance(1s);
  (void)bench.hands();
  CHECK_FALSE(grew());
  (void)bench.drains('X');
  (void)bench.loses('Y');
  CHECK(grew());
}

TEST_CASE("holds() knows whose a delivery is") {
  DispatchBench bench;
  bench.joins('X');
  bench.offers("1a");
  bench.hands();
  CHECK(bench.dispatch.holds(DispatchBench::id('X'), 1, 1));
  CHECK_FALSE(bench.dispatch.holds(DispatchBench::id('X'), 1, 2));
  CHECK_FALSE(bench.dispatch.holds(DispatchBench::id('Y'), 1, 1));
  CHECK_FALSE(bench.dispatch.holds(DispatchBench::id('X'), 2, 1));
}

TEST_CASE("a stuck event stops its key but not the others, however many these are") {
  DispatchBench bench{DispatchBench::policy(), 100};
  bench.joins('X');
  bench.offers("1a");
  bench.hands();
  bench.settles('X', {}, {{.offset = 1, .delivery = 1, .delay = 10s}});
  for (Offset offset = 2; offset < 20'000; ++offset) {
    bench.offers({.offset = offset, .key_hash = offset + 1000, .bytes = 1});
    REQUIRE(bench.dispatch.hand_over(bench.at(), 1000).size() == 1);
    REQUIRE(bench.acks('X', offset) == "acked " + std::to_string(offset));
  }
  CHECK(bench.dispatch.oldest() == 1);
  CHECK(bench.dispatch.room() == 99);
}

TEST_CASE("followers of a stuck key fill the window, and then the service stalls") {
  DispatchBench bench{DispatchBench::policy(), 4};
  bench.joins('X');
  bench.offers("1a 2a 3a 4a");
  bench.hands();
  bench.nacks('X', 1);
  CHECK(bench.dispatch.room() == 0);
  bench.advance(100ms);
  bench.hands();
  CHECK(bench.acks('X', 1, 4, 2) == "acked 1-4");
  CHECK(bench.dispatch.room() == 4);
}

TEST_CASE("a long error is cut where a character ends") {
  DispatchBench bench;
  bench.joins('X');
  bench.offers("1a");
  bench.hands();
  const std::string euros = [] {
    std::string text;
    while (text.size() < 2000) text += "€";
    return text;
  }();
  const Nack nack{.offset = 1, .delivery = 1, .error_type = euros, .error = euros};
  const Settlement settlement = bench.dispatch.settle(DispatchBench::id('X'), {}, {&nack, 1}, bench.at());
  CHECK(settlement.failures[0].error_type() == euros.substr(0, 255));
  CHECK(settlement.failures[0].error() == euros.substr(0, 1023));
}

TEST_CASE("a backoff varies within its share, and the same seed varies it the same way") {
  const config::Retry policy{.attempts = 8, .backoff = {100ms, 1s}, .jitter = 0.2};
  Backoff one{policy, 7};
  Backoff other{policy, 7};
  LogTime least = ~LogTime{0};
  LogTime most = 0;
  for (int i = 0; i < 1000; ++i) {
    const LogTime wait = one.after(2, "Oops");
    REQUIRE(wait == other.after(2, "Oops"));
    least = std::min(least, wait);
    most = std::max(most, wait);
  }
  CHECK(least >= 800'000'000);
  CHECK(least < 810'000'000);
  CHECK(most <= 1'200'000'000);
  CHECK(most > 1'190'000'000);
  CHECK(Backoff{{.backoff = {}}, 1}.after(1, "") == 0);
}

TEST_CASE("handling takes from the last handing over to the ack; what was not acked does not count") {
  DispatchBench bench;
  bench.joins('X');
  bench.offers("1a 2b 3c");
  bench.hands();
  bench.advance(20ms);
  bench.acks('X', 1);
  bench.nacks('X', 2);
  bench.advance(100ms);
  CHECK(bench.hands() == "X: 2 (delivery 2, attempt 2)");
  bench.advance(3ms);
  bench.acks('X', 2, 1, 2);
  v1::TimesReply::Times times;
  bench.dispatch.handling().write(times);
  CHECK(times.sum() == 23'000'000);
  CHECK(times.counts(1) == 1);  // up to 5 ms
  CHECK(times.counts(2) == 1);  // up to 25 ms
}
