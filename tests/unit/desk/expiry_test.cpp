// An event whose expirytime has passed: nobody handles it any more, its key goes on at once, and it has
// happened all the same.
#include "desk_bench.h"

using namespace reel;
using namespace reel::broker;
using namespace reel::broker::test;

namespace {

config::Model in_memory() {
  auto model = desk_model();
  model.broker.tail_bytes_max = 1 << 20;  // nothing is waited for
  return model;
}

}  // namespace

TEST_CASE("what follows expired events of its key is handed over at once, however many these are") {
  DeskBench bench{in_memory()};
  std::vector<std::string> events{"e0 k"};
  for (int i = 1; i <= 20; ++i) events.push_back("e" + std::to_string(i) + " k 5ms");
  events.emplace_back("last k");
  bench.serves("payments", "order.placed");
  bench.disk_stalls();
  bench.publishes("order.placed", events);
  bench.advance(std::chrono::milliseconds{10});
  bench.disk_has_room();
  // Not at the next tick, nor when something else happens to the service.
  bench.until([&] { return bench.desk().all_is_committed(); });
  for (int turn = 0; turn < 20; ++turn) bench.desk().turn();
  CHECK(bench.got("payments").starts_with("e0#1 last#"));
}

TEST_CASE("who reads the log, and parts of Reel, are given what has expired; a service is not") {
  DeskBench bench{in_memory()};
  v1::Subscribe start;
  start.set_from_start(true);
  bench.joins("tracker", "reel.tracker", {"order.placed"}, start);
  bench.leaves("tracker");
  bench.joins("payments", "payments", {"order.placed"}, start);
  bench.leaves("payments");
  bench.publishes("order.placed", {"e1 k 5ms", "e2 k"});
  bench.rest();
  bench.advance(std::chrono::milliseconds{10});
  bench.reads("audit", {"order.placed"}, start);
  bench.joins("tracker", "reel.tracker", {"order.placed"});
  bench.joins("payments", "payments", {"order.placed"});
  bench.rest();
  CHECK(bench.got("audit") == "e1#1 e2#1");
  CHECK(bench.got("tracker") == "e1#1 e2#1");
  CHECK(bench.got("payments") == "e2#2");
}

TEST_CASE("a service whose instance is lost while expired events are passed over asks for no more turns") {
  DeskBench bench{in_memory()};
  std::vector<std::string> events;
  for (int i = 0; i < 500; ++i) events.push_back("e" + std::to_string(i) + " k 5ms");
  bench.serves("payments", "order.placed");
  bench.disk_stalls();
  bench.publishes("order.placed", events);
  bench.advance(std::chrono::milliseconds{10});
  bench.disk_has_room();
  bench.until([&] { return bench.desk().committed_end() > events.size(); });
  bench.advance(std::chrono::hours{2});
  bench.desk().tick();  // nothing was heard of it for so long
  bench.desk().turn();
  CHECK(bench.desk().next_deadline() > bench.desk().now());
}
