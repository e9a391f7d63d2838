// Which flows wait to be sent, and for how long.
#include "gateway/traces/trace_queue.h"

#include <doctest/doctest.h>

using namespace reel::gateway;
using namespace std::chrono_literals;

namespace {

const TraceQueue::Time zero{};

std::string taken(TraceQueue& queue, TraceQueue::Time now) {
  std::string all;
  while (const auto id = queue.take(now)) all += (all.empty() ? "" : " ") + *id;
  return all;
}

}  // namespace

TEST_CASE("a flow is sent once it has rested, and once however much was said of it meanwhile") {
  TraceQueue queue{10, 5s};
  queue.changed("a", zero);
  queue.changed("b", zero + 1s);
  queue.changed("a", zero + 4s);
  CHECK(taken(queue, zero + 4999ms).empty());
  CHECK(taken(queue, zero + 5s) == "a");
  CHECK(taken(queue, zero + 10s) == "b");
  CHECK(queue.size() == 0);

  SUBCASE("what is said after that makes it wait anew") {
    queue.changed("a", zero + 20s);
    CHECK(taken(queue, zero + 25s) == "a");
  }
}

TEST_CASE("beyond the limit flows are crowded out, and counted; those that wait already keep their place") {
  TraceQueue queue{2, 0s};
  for (const char* id : {"a", "b", "c", "a", "c"}) queue.changed(id, zero);
  CHECK(queue.crowded_out() == 2);
  CHECK(taken(queue, zero) == "a b");
}

TEST_CASE("what is put back is first again, unless it waits already") {
  TraceQueue queue{10, 1s};
  queue.changed("a", zero);
  queue.changed("b", zero);
  const auto first = queue.take(zero + 1s);
  REQUIRE(first);
  queue.put_back(*first, zero + 1s);
  queue.put_back("b", zero + 1s);
  CHECK(queue.size() == 2);
  CHECK(taken(queue, zero + 1s) == "a b");
}
