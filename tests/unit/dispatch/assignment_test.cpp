// Who gets what: order, credit, keys, and how the instances share.
#include "dispatch/assignment.h"

#include <doctest/doctest.h>

#include "dispatch_bench.h"

using namespace reel;
using namespace reel::broker;

TEST_CASE("one instance gets everything in order, as far as its credit goes") {
  DispatchBench bench;
  bench.offers("1a 2b 3a 4c 7a");
  CHECK(bench.hands() == "");
  bench.joins('X', 3);
  CHECK(bench.hands() == "X: 1 2 3");
  CHECK(bench.hands() == "");
  CHECK_FALSE(bench.dispatch.drained());

  CHECK(bench.acks('X', 1, 2) == "acked 1-2");
  CHECK(bench.dispatch.oldest() == 3);
  CHECK(bench.hands() == "X: 4 7");
  CHECK(bench.dispatch.drained());
  CHECK(bench.settles('X', {{3, 2, 1}, {7, 1, 1}}, {}) == "acked 3-4 7");
  CHECK(bench.dispatch.held() == 0);
  CHECK(bench.dispatch.oldest() == std::nullopt);
}

TEST_CASE("credit in bytes holds back, but not a single large event") {
  DispatchBench bench;
  bench.joins('X', 10, 25);
  bench.offers("1a 2a 3a");
  CHECK(bench.hands() == "X: 1 2");
  bench.offers("4a", 100);
  bench.acks('X', 1, 2);
  CHECK(bench.hands() == "X: 3");
  bench.acks('X', 3);
  CHECK(bench.hands() == "X: 4");
  bench.offers("5b");
  CHECK(bench.hands() == "");
  bench.acks('X', 4);
  CHECK(bench.hands() == "X: 5");
}

TEST_CASE(
    "what the only instance held when it was lost comes to the next one in offset order, little by little") {
  DispatchBench bench;
  bench.joins('X');
  bench.offers("1a 2b 3a 4b");
  CHECK(bench.hands() == "X: 1 2 3 4");
  CHECK(bench.loses('X') ==
        "failed 1 lost attempt 0 consumer_lost losses 1 until 0ms; "
        "failed 2 lost attempt 0 consumer_lost losses 1 until 0ms");
  bench.joins('Y', 2);
  CHECK(bench.hands() == "Y: 1 (delivery 2, attempt 1) 2 (delivery 2, attempt 1)");
  bench.acks('Y', 1, 2, 2);
  CHECK(bench.hands() == "Y: 3 (delivery 2, attempt 1) 4 (delivery 2, attempt 1)");
}

TEST_CASE("a large event has its turn although small ones come behind it") {
  DispatchBench bench;
  bench.joins('X', 10, 25);
  bench.joins('Y', 10, 25);
  bench.offers("1a 2b 3c 4d");
  CHECK(bench.hands() == "X: 1 3, Y: 2 4");
  bench.offers("5e", 20);
  bench.offers("6f 7g");
  bench.acks('X', 1);
  CHECK(bench.hands() == "");  // 6 would fit, and so would the next and the next
  bench.acks('X', 3);
  CHECK(bench.hands() == "X: 5");
}

TEST_CASE("the events of a key stay with one instance while any is in flight there") {
  DispatchBench bench;
  bench.joins('X', 2);
  bench.joins('Y', 2);
  bench.offers("1a 2b");
  CHECK(bench.hands() == "X: 1, Y: 2");
  bench.offers("3a 4a 5b 6c");
  CHECK(bench.hands() == "X: 3, Y: 5");  // 4 waits for X, 6 for anybody
  bench.acks('Y', 2);
  CHECK(bench.hands() == "Y: 6");

  SUBCASE("and may go to another once none is") {
    bench.acks('Y', 5);
    bench.acks('X', 1);
    bench.acks('X', 3);
    bench.joins('X', 0);
    CHECK(bench.hands() == "Y: 4");
  }
  SUBCASE("and goes on there when credit comes back") {
    bench.acks('X', 1);
    CHECK(bench.hands() == "X: 4");
  }
}

TEST_CASE("one key has at most a quarter of an instance's credit, and others pass it") {
  DispatchBench bench;
  bench.joins('X', 16, 1600);
  bench.offers("1a 2a 3a 4a 5a 6b 7a 8c");
  CHECK(bench.hands() == "X: 1 2 3 4 6 8");
  bench.acks('X', 6);
  CHECK(bench.hands() == "");
  bench.acks('X', 1);
  CHECK(bench.hands() == "X: 5");

  SUBCASE("of its bytes too") {
    bench.offers("9b 10d", 390);
    bench.offers("11d 12d");
    CHECK(bench.hands() == "X: 9 10 11");  // 12 would be byte 401 of d
  }
  SUBCASE("of another credit another quarter") {
    bench.joins('X', 24, 2400);
    CHECK(bench.hands() == "X: 7");
    bench.joins('X', 12, 1200);  // too little to divide
    bench.offers("9a 10a 11a 12a 13a 14a");
    CHECK(bench.hands() == "X: 9 10 11 12 13 14");
  }
  SUBCASE("with several instances too") {
    bench.joins('Y', 16, 1600);
    bench.offers("9e 10e 11e 12e 13e 14f");
    CHECK(bench.hands() == "Y: 9 10 11 12 14");
    bench.acks('Y', 9, 2);
    CHECK(bench.hands() == "Y: 13");
  }
}

TEST_CASE("few keys are shared out evenly, however many events they have") {
  DispatchBench bench;
  bench.joins('X');
  bench.joins('Y');
  std::vector<Offer> many;
  for (Offset offset = 1; offset <= 300; ++offset) {
    many.push_back({.offset = offset, .key_hash = offset % 12, .bytes = 1});
  }
  bench.dispatch.offer(many);
  (void)bench.dispatch.hand_over(bench.at(), 1000);
  CHECK(bench.dispatch.in_flight(DispatchBench::id('X')) == 150);
  CHECK(bench.dispatch.in_flight(DispatchBench::id('Y')) == 150);
}

TEST_CASE("few events are shared out evenly, many of many keys in chunks") {
  DispatchBench bench{DispatchBench::policy(), 2000};
  for (const char instance : {'W', 'X', 'Y', 'Z'}) bench.joins(instance);
  bench.offers("1a 2b 3c 4d 5e 6f 7g 8h");
  CHECK(bench.hands() == "W: 1 5, X: 2 6, Y: 3 7, Z: 4 8");

  Offset next = 9;
  const auto offer_many = [&] {
    std::vector<Offer> many;
    for (const Offset end = next + 768; next < end; ++next) {
      many.push_back({.offset = next, .key_hash = next + 1000, .bytes = 1});
    }
    bench.dispatch.offer(many);
  };
  offer_many();
  CHECK(bench.dispatch.hand_over(bench.at(), 1000).size() == 768);
  offer_many();
  Offset changes = 0;
  const auto handed = bench.dispatch.hand_over(bench.at(), 1000);
  for (std::size_t i = 1; i < handed.size(); ++i) {
    if (handed[i].offset != handed[i - 1].offset + 1) ++changes;
  }
  CHECK(handed.size() == 768);
  CHECK(changes == 11);  // 12 chunks of 64
  for (const char instance : {'W', 'X', 'Y', 'Z'}) {
    CHECK(bench.dispatch.in_flight(DispatchBench::id(instance)) == 386);
  }
}
