#include "service/delaying.h"

#include "delaying_bench.h"

using namespace reel;
using namespace reel::broker;

namespace {

constexpr LogTime epoch = DelayBench::epoch;
constexpr LogTime second = 1'000'000'000;

}  // namespace

TEST_CASE("delayed events have the offsets behind the others of their batch, and routes wait with them") {
  DelayBench bench;
  CHECK(bench.publish(1, {{"d1", epoch + second}, {"e1"}, {"d2", epoch + 2 * second}, {"e2"}}) ==
        "4 from 1 delayed:0 delayed:2");
  CHECK(bench.ids("order.placed") == "e1 e2");
  CHECK(bench.ids("reel.delayed") == "d1 d2");
  CHECK(bench.count_of("order.archived") == 2);
  CHECK(bench.list() == "d1@1000000000 d2@2000000000 of 2");
  CHECK(bench.delays().oldest() == 3);
  CHECK(bench.needed_from() == 3);

  bench.set_time(epoch + second);
  bench.await("reel.delayed.ended", 1);
  CHECK(bench.ids("order.placed") == "e1 e2 d1");
  CHECK(bench.count_of("order.archived") == 3);
  CHECK(bench.list() == "d2@2000000000 of 1");
  CHECK(bench.needed_from() == 4);
}

TEST_CASE("nothing comes before its time, and what is due comes in the order of due times") {
  DelayBench bench;
  CHECK(bench.publish(1, {{"d1", epoch + 3 * second}, {"d2", epoch + second}, {"d3", epoch + 2 * second}}) ==
        "3 from 1 delayed:0 delayed:1 delayed:2");
  bench.set_time(epoch + second - 1'000'000);
  bench.settle();
  CHECK(bench.ids("order.placed") == "");
  bench.set_time(epoch + 4 * second);
  bench.await("order.placed", 3);
  CHECK(bench.ids("order.placed") == "d2 d3 d1");
}

TEST_CASE("a delivertime in the past is due at once") {
  DelayBench bench;
  CHECK(bench.publish(1, {{"d1", 1}}) == "1 from 1 delayed:0");
  bench.await("order.placed", 1);
  CHECK(bench.list() == "of 0");
}

TEST_CASE("what is on disk only is read in the order of due times, with what is in memory") {
  DelayBench bench{10'000, 1};  // the tail holds the newest batch
  std::string expected;
  for (std::uint64_t i = 1; i <= 300; ++i) {
    const auto id = std::to_string(i);
    CHECK(bench.publish(i, {{id, epoch + second + (i % 7)}, {"e" + id, 0, "order.archived"}})
              .starts_with("2 "));
  }
  for (std::uint64_t rest = 0; rest < 7; ++rest) {
    for (std::uint64_t i = 1; i <= 300; ++i) {
      if (i % 7 == rest) expected += (expected.empty() ? "" : " ") + std::to_string(i);
    }
  }
  CHECK(bench.list(2) == "7@1000000000 14@1000000000 …of 300");
  bench.set_time(epoch + 2 * second);
  bench.await("order.placed", 300);
  CHECK(bench.ids("order.placed") == expected);
  bench.settle();
  CHECK(bench.delays().oldest() == 0);
}

TEST_CASE("a cancelled event never comes, and is not cancelled twice") {
  DelayBench bench;
  bench.publish(1, {{"d1", epoch + second, "order.placed", true}, {"d2", epoch + second}});
  CHECK(bench.cancel(1) == "cancelled");
  CHECK(bench.cancel(1) ==
        "no event waits at offset 1: it was published, cancelled, or written again elsewhere to free old "
        "segments");
  CHECK(bench.count_of("reel.control") == 1);
  bench.restart();
  bench.set_time(epoch + 2 * second);
  bench.await("order.placed", 1);
  bench.settle();
  CHECK(bench.ids("order.placed") == "d2");
  CHECK(bench.publish(2, {{"d1", 0, "order.placed", true}}).starts_with("1 from "));
}

TEST_CASE("what waits is there after a restart, and what came due meanwhile comes once") {
  DelayBench bench;
  bench.publish(1, {{"d1", epoch + second}, {"d2", epoch + 100 * second}});
  bench.set_time(epoch + 5 * second);
  bench.restart();
  bench.await("order.placed", 1);
  bench.restart();
  bench.settle();
  CHECK(bench.ids("order.placed") == "d1");
  CHECK(bench.list() == "d2@100000000000 of 1");
}

TEST_CASE("moved, an event waits at the journal's end, is known by its id, and comes once") {
  DelayBench bench{1'000, 1};
  bench.publish(1, {{"d1", epoch + 100 * second, "order.placed", true}});
  bench.publish(2, {{"d2", epoch + 200 * second}});
  bench.set_time(epoch + 50 * second);  // past the window of ids
  const auto before = bench.needed_from();
  bench.move_all();
  CHECK(bench.ids("reel.delayed") == "d1 d2 d1 d2");
  CHECK(bench.list() == "d1@100000000000 d2@200000000000 of 2");
  CHECK(bench.needed_from() > before + 1);
  CHECK(bench.publish(3, {{"d1", epoch + 100 * second, "order.placed", true}}) ==
        "0 from 0 0=" + std::to_string(bench.needed_from()));
  bench.restart();
  bench.move_all();
  bench.set_time(epoch + 300 * second);
  bench.await("order.placed", 2);
  bench.restart();
  bench.settle();
  CHECK(bench.ids("order.placed") == "d1 d2");
  CHECK(bench.list() == "of 0");
}

TEST_CASE("a batch sent again is answered as it was, whatever became of its delayed events") {
  DelayBench bench;
  const std::vector<DelayBench::Event> batch{{"d1", epoch + second, "order.placed", true},
                                             {"e1"},
                                             {"d2", epoch + 9 * second, "order.placed", true},
                                             {"t1", 0, "price.tick"}};
  CHECK(bench.publish(1, batch) == "4 from 1 delayed:0 delayed:2");
  CHECK(bench.publish(1, batch) == "4 from 1 delayed:0 delayed:2 resend");
  bench.set_time(epoch + second);
  bench.await("order.placed", 2);
  CHECK(bench.publish(1, batch) == "4 from 1 delayed:0 delayed:2 resend");
  CHECK(bench.ids("order.placed") == "e1 d1");

  SUBCASE("with a duplicate among them") {
    const std::vector<DelayBench::Event> mixed{{"d2", epoch + 9 * second, "order.placed", true},
                                               {"d3", epoch + 9 * second, "order.placed", true},
                                               {"d3", epoch + 9 * second, "order.placed", true}};
    const auto first = bench.publish(2, mixed);
    CHECK(first.find("delayed:1 0=3 2=0") != std::string::npos);
    CHECK(bench.publish(2, mixed) == first + " resend");
    bench.set_time(epoch + 10 * second);
    bench.await("order.placed", 4);
    CHECK(bench.publish(2, mixed).find(" 0=") != std::string::npos);
  }
}

TEST_CASE("a batch sent again when a duplicate in it is forgotten has its delayed events accepted still") {
  DelayBench bench;
  const std::vector<DelayBench::Event> mixed{{"e1", 0, "order.placed", true},
                                             {"d1", epoch + second, "order.placed", true}};
  CHECK(bench.publish(1, {mixed.front()}) == "1 from 1");
  CHECK(bench.publish(2, mixed) == "1 from 3 delayed:1 0=1");
  bench.set_time(epoch + 9 * second);
  bench.await("order.placed", 2);
  CHECK(bench.publish(2, mixed) == "1 from 3 delayed:1 resend");
}

TEST_CASE(
    "a second event with the id of one that waits is a duplicate, until the first one's window has passed") {
  DelayBench bench;
  const std::vector<DelayBench::Event> batch{{"d1", epoch + 100 * second, "order.placed", true}};
  CHECK(bench.publish(1, batch) == "1 from 1 delayed:0");
  bench.set_time(epoch + 99 * second);
  CHECK(bench.publish(2, batch) == "0 from 0 0=1");
  bench.restart();
  CHECK(bench.publish(3, {{"d1", 0, "order.placed", true}}) == "0 from 0 0=1");
  bench.set_time(epoch + 100 * second);
  bench.await("order.placed", 1);
  CHECK(bench.publish(4, batch) == "0 from 0 0=2");
  bench.set_time(epoch + 102 * second);
  CHECK(bench.publish(5, batch).starts_with("1 from "));
}

TEST_CASE("beyond the limit the last ones of a batch are refused, and so again when it is sent again") {
  DelayBench bench{2};
  const std::vector<DelayBench::Event> batch{
      {"d1", epoch + second}, {"d2", epoch + second}, {"e1"}, {"d3", epoch + second}};
  CHECK(bench.publish(1, batch) == "3 from 1 delayed:0 delayed:1 3:REFUSAL_TOO_MANY_DELAYED");
  CHECK(bench.publish(1, batch) == "3 from 1 delayed:0 delayed:1 3:REFUSAL_TOO_MANY_DELAYED resend");
  const std::vector<DelayBench::Event> one{{"d4", epoch + 2 * second}};
  CHECK(bench.publish(2, one) == "0 from 0 0:REFUSAL_TOO_MANY_DELAYED");
  CHECK(bench.retry_after_ms() == 1'000);
  bench.set_time(epoch + second);
  bench.await("reel.delayed.ended", 1);
  CHECK(bench.publish(2, one).starts_with("1 from "));
  CHECK(bench.publish(2, one).ends_with(" delayed:0 resend"));
}

TEST_CASE("on a topic that is live only the event waits in the journal and does not come into it") {
  DelayBench bench;
  CHECK(bench.publish(1, {{"t1", epoch + second, "price.tick"}}) == "1 from 1 delayed:0");
  bench.set_time(epoch + second);
  bench.await("reel.delayed.ended", 1);
  CHECK(bench.count_of("price.tick") == 0);
  CHECK(bench.list() == "of 0");
}

TEST_CASE("thousands that are due together all come once, with a restart between") {
  DelayBench bench{100'000, 1u << 16};
  for (std::uint64_t batch = 1; batch <= 20; ++batch) {
    std::vector<DelayBench::Event> events;
    for (std::uint64_t i = 0; i < 500; ++i)
      events.push_back({std::to_string(batch * 1'000 + i), epoch + second + i % 3});
    CHECK(bench.publish(batch, events).starts_with("500 from"));
  }
  bench.set_time(epoch + 2 * second);
  bench.await("order.placed", 3'000);
  bench.restart();
  bench.await("order.placed", 10'000);
  bench.settle();
  CHECK(bench.count_of("order.placed") == 10'000);
  CHECK(bench.count_of("order.archived") == 10'000);
  CHECK(bench.delays().oldest() == 0);
}
