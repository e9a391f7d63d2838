#include "batch_desk.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <deque>
#include <map>
#include <set>

using namespace reel::sdk;
using namespace std::chrono_literals;

namespace {

// A desk with two batch handlers, "0" and "1", in virtual time; offsets stand for events.
class DeskBench {
 public:
  explicit DeskBench(BatchDesk::Limits limits = {.events = 3, .bytes = 1'000, .kept = 6, .wait = 200ms})
      : desk{{limits, limits}} {}

  // "is kept", in a batch or behind one, or "is free" to be handled at once.
  std::string offer(std::uint64_t offset, std::uint64_t key, std::optional<std::size_t> batch = 0,
                    std::string_view bytes = "x") {
    auto& frame = frames.emplace_back();
    frame.session = session;
    frame.settled = settled;
    const Task task{.key_hash = key, .offset = offset, .bytes = bytes, .frame = &frame, .delivery = 1};
    return desk.offer(batch, task, now) ? "is kept" : "is free";
  }

  void advance(std::chrono::milliseconds time) { now += time; }

  // "1 2 3", or "" where nothing is due.
  std::string taken(std::size_t batch = 0) {
    if (!desk.is_due(batch, now)) return "";
    under_way[batch] = desk.take(batch);
    return offsets(under_way[batch]);
  }

  // Offsets that failed. Whose lanes are told.
  std::string ended(std::size_t batch = 0, const std::set<std::uint64_t>& failing = {}) {
    std::vector<Task> failed;
    for (const auto& task : under_way[batch]) {
      if (failing.contains(task.offset)) failed.push_back(task);
    }
    return keys(desk.ended(batch, failed));
  }

  // "!2: 3 4" has failed at 2, and 3 and 4 behind it.
  std::string released(std::uint64_t key) {
    const auto released = desk.release(key);
    const auto failed =
        released.failed ? "!" + std::to_string(released.failed->offset) + ": " : std::string{};
    return failed + offsets(released.behind);
  }

  std::string taken_back(std::set<std::uint64_t> named) {
    return told(desk.take_back([&](const Task& task) { return named.contains(task.offset); }));
  }
  std::string session_lost() {
    ++session;
    return told(desk.drop([&](const Task& task) { return task.frame->session < session; }));
  }
  static std::string told(const BatchDesk::Dropped& dropped) {
    return "drops " + offsets(dropped.tasks) + " tells " + keys(dropped.to_tell);
  }

  KeyedWorkers::Work work() const {
    KeyedWorkers::Work work;
    desk.add_work(work);
    return work;
  }
  std::string work_text() const {
    const auto all = work();
    std::string text = "at";
    for (const auto& one : all.begun) text += " " + std::to_string(one.offset);
    return text + ", from " + std::to_string(all.waits_from) + " to " + std::to_string(all.waits_to);
  }

  static std::string offsets(const std::vector<Task>& tasks) {
    std::string text;
    for (const auto& task : tasks) text += (text.empty() ? "" : " ") + std::to_string(task.offset);
    return text;
  }
  static std::string keys(const BatchDesk::Keys& keys) {
    std::string text;
    for (const auto key : keys) text += (text.empty() ? "" : " ") + std::to_string(key);
    return text;
  }

  BatchDesk desk;
  BatchDesk::Time now{};
  std::uint64_t session = 0;
  std::uint64_t settled = 0;
  std::deque<DeliveredFrame> frames;
  std::map<std::size_t, std::vector<Task>> under_way;
};

}  // namespace

TEST_CASE("a batch is due when it is full, or its first item has waited long enough") {
  DeskBench bench;
  CHECK(bench.desk.deadline(0) == BatchDesk::Time::max());
  SUBCASE("by events") {
    for (std::uint64_t i = 1; i <= 2; ++i) bench.offer(i, i);
    CHECK(bench.taken() == "");
    bench.offer(3, 3);
    CHECK(bench.taken() == "1 2 3");
  }
  SUBCASE("by bytes, which only its first event may exceed") {
    const std::string half(600, 'x'), large(2'000, 'x');
    bench.offer(1, 1, 0, half);
    CHECK(bench.taken() == "");
    bench.offer(2, 2, 0, large);
    CHECK(bench.taken() == "1");
    CHECK(bench.ended() == "");
    CHECK(bench.taken() == "2");
  }
  SUBCASE("by time, from the first one gathered") {
    bench.offer(1, 1);
    bench.advance(150ms);
    bench.offer(2, 2);
    bench.advance(49ms);
    CHECK(bench.taken() == "");
    bench.advance(1ms);
    CHECK(bench.taken() == "1 2");
  }
  SUBCASE("by what came behind it, which uses up the credit that more would need") {
    bench.offer(1, 1);
    for (std::uint64_t i = 2; i <= 5; ++i) bench.offer(i, 1, {});
    CHECK(bench.taken() == "");
    CHECK(bench.desk.wants_attention(1) == 0);
    bench.offer(6, 1, {});
    CHECK(bench.taken() == "1");
  }
  SUBCASE("by the time that the broker lets pass") {
    bench.desk.set_wait_max(10ms);
    bench.offer(1, 1);
    bench.advance(10ms);
    CHECK(bench.taken() == "1");
  }
}

TEST_CASE("the next batch gathers while one is under way, and what it left behind goes on waiting") {
  DeskBench bench;
  for (std::uint64_t i = 1; i <= 3; ++i) bench.offer(i, i);
  CHECK(bench.taken() == "1 2 3");
  for (std::uint64_t i = 4; i <= 8; ++i) bench.offer(i, i);
  bench.advance(1h);
  CHECK(bench.taken() == "");
  CHECK(bench.desk.deadline(0) == BatchDesk::Time::max());
  CHECK(bench.ended() == "");
  CHECK(bench.taken() == "4 5 6");
  CHECK(bench.ended() == "");
  CHECK(bench.taken() == "7 8");  // they have waited long enough
}

TEST_CASE("events of one key stand in one batch in order, and in no second one meanwhile") {
  DeskBench bench;
  for (std::uint64_t i = 1; i <= 3; ++i) bench.offer(i, 7);
  CHECK(bench.taken() == "1 2 3");
  bench.offer(4, 7);
  bench.offer(5, 8);
  bench.offer(6, 7);
  bench.advance(1s);
  CHECK(bench.ended() == "");
  CHECK(bench.taken() == "4 5 6");  // it goes on, and no lane is told

  SUBCASE("nor where a batch has no room for all of them") {
    for (std::uint64_t i = 11; i <= 12; ++i) bench.offer(i, i);
    for (std::uint64_t i = 13; i <= 15; ++i) bench.offer(i, 9);
    bench.offer(16, 10);
    CHECK(bench.ended() == "");
    CHECK(bench.taken() == "11 12 13");
    bench.offer(17, 9);
    CHECK(bench.ended() == "");
    CHECK(bench.taken() == "14 15 16");
    CHECK(bench.ended() == "");
    bench.advance(200ms);
    CHECK(bench.taken() == "17");
  }
  SUBCASE("nor where it has no room for their bytes") {
    CHECK(bench.ended() == "");
    const std::string half(600, 'x');
    for (std::uint64_t i = 21; i <= 23; ++i) bench.offer(i, 9, 0, half);
    CHECK(bench.taken() == "21");
    bench.offer(24, 8);
    CHECK(bench.ended() == "");
    CHECK(bench.taken() == "22 24");
    CHECK(bench.ended() == "");
    bench.advance(200ms);
    CHECK(bench.taken() == "23");
  }
}

TEST_CASE("what follows under a key that a batch has waits for it, whichever handler it is for") {
  DeskBench bench;
  CHECK(bench.offer(1, 7) == "is kept");
  CHECK(bench.offer(2, 8, {}) == "is free");
  CHECK(bench.offer(3, 7, {}) == "is kept");
  CHECK(bench.offer(4, 7) == "is kept");
  CHECK(bench.offer(5, 7, 1) == "is kept");
  bench.advance(200ms);
  CHECK(bench.taken(1) == "");
  CHECK(bench.taken() == "1");
  CHECK(bench.ended() == "7");
  CHECK(bench.offer(6, 7, {}) == "is kept");  // its lane has not heard of it yet
  CHECK(bench.released(7) == "3 4 5 6");
  CHECK(bench.offer(7, 7, {}) == "is free");
}

TEST_CASE("a key whose event failed is told, with what waits behind it") {
  DeskBench bench;
  for (std::uint64_t i = 1; i <= 3; ++i) bench.offer(i, i);
  CHECK(bench.taken() == "1 2 3");
  bench.offer(4, 2);
  CHECK(bench.ended(0, {2}) == "2");
  CHECK(bench.released(2) == "!2: 4");
  CHECK(bench.released(2) == "");
}

TEST_CASE("what the broker takes back leaves the batch before it is handed over") {
  DeskBench bench;
  for (std::uint64_t i = 1; i <= 2; ++i) bench.offer(i, i);
  bench.offer(3, 2, {});
  SUBCASE("while it gathers") {
    CHECK(bench.taken_back({2, 3}) == "drops 3 2 tells ");
    CHECK(bench.offer(4, 2, {}) == "is free");
    bench.advance(200ms);
    CHECK(bench.taken() == "1");
  }
  SUBCASE("but for what waited behind it") {
    CHECK(bench.taken_back({2}) == "drops 2 tells 2");
    CHECK(bench.released(2) == "3");
  }
  SUBCASE("under way it is not handed over once more") {
    bench.advance(200ms);
    CHECK(bench.taken() == "1 2");
    CHECK(bench.taken_back({2, 3}) == "drops 3 tells ");
    CHECK(bench.desk.is_wanted(0, 0));
    CHECK_FALSE(bench.desk.is_wanted(0, 1));
  }
  SUBCASE("nor where an event before it was refused, which overstays nothing") {
    bench.offer(4, 2);
    bench.advance(200ms);
    CHECK(bench.taken() == "1 2");
    CHECK(DeskBench::told(bench.desk.withdraw([](const Task& task) { return task.key_hash == 2; })) ==
          "drops 3 4 tells ");
    CHECK(bench.desk.is_wanted(0, 0));
    CHECK_FALSE(bench.desk.is_wanted(0, 1));
    bench.offer(2, 2);
    CHECK(bench.work_text() == "at 1, from 2 to 2");
  }
  SUBCASE("with a lost session goes all that is not under way") {
    bench.advance(200ms);
    CHECK(bench.taken() == "1 2");
    bench.offer(4, 4);
    CHECK(bench.session_lost() == "drops 3 4 tells ");
    // The same again, of the new session, waits for the handler that has it.
    CHECK(bench.offer(2, 2, {}) == "is kept");
    CHECK(bench.ended() == "2");
    CHECK(bench.released(2) == "2");
  }
}

TEST_CASE("what gathers waits, what is under way has begun, and so has what overstays hold back") {
  DeskBench bench;
  bench.offer(1, 1);
  bench.offer(2, 2);
  CHECK(bench.work_text() == "at, from 1 to 2");
  bench.advance(200ms);
  CHECK(bench.taken() == "1 2");
  bench.offer(3, 1);
  bench.offer(4, 4);
  CHECK(bench.work_text() == "at 1 2, from 3 to 4");
  CHECK(bench.taken_back({1, 3}) == "drops 3 tells ");
  bench.offer(5, 1);
  CHECK(bench.work_text() == "at 2 5, from 4 to 4");
}

TEST_CASE("at the end what only waited for company is handed over, what waits for a handler is not") {
  DeskBench bench;
  for (std::uint64_t i = 1; i <= 3; ++i) bench.offer(i, i);
  CHECK(bench.taken() == "1 2 3");
  bench.offer(4, 4);
  bench.offer(5, 5, 1);
  bench.offer(6, 5, {});
  CHECK(DeskBench::told(bench.desk.close()) == "drops 4 tells ");
  CHECK(bench.taken(1) == "5");
  CHECK_FALSE(bench.desk.idle());
  CHECK(bench.ended(1) == "5");
  CHECK(bench.ended(0) == "");
  CHECK(bench.desk.idle());
}

// What the desk promises, told of offsets alone: a key is with one handler at a time, its events are handled
// in order, each once, and everything offered is handled in the end.
TEST_CASE(
    "whatever comes and fails, each key's events are handed out once, in order, one handler at a time") {
  CHECK(rc::check([] {
    const auto limits = BatchDesk::Limits{.events = *rc::gen::inRange<std::size_t>(1, 6),
                                          .bytes = *rc::gen::inRange<std::size_t>(1, 9),
                                          .kept = *rc::gen::inRange<std::size_t>(1, 12),
                                          .wait = std::chrono::milliseconds{*rc::gen::inRange(0, 30)}};
    DeskBench bench{limits};
    std::map<std::uint64_t, std::vector<std::uint64_t>> expected, handled;
    std::set<std::uint64_t> busy;  // keys in some batch
    std::map<std::uint64_t, std::optional<std::size_t>> handler_of;
    std::uint64_t offset = 0;

    // The key's lane: handles at once what is free, as the workers do.
    const auto offer = [&](std::uint64_t event, std::uint64_t key) {
      if (bench.offer(event, key, handler_of[event]) != "is free") return;
      RC_ASSERT(!busy.contains(key));
      handled[key].push_back(event);
    };
    const auto take = [&](std::size_t batch) {
      const auto before = bench.now;
      const auto deadline = bench.desk.deadline(batch);
      const auto taken = bench.taken(batch);
      if (taken.empty()) return RC_ASSERT(deadline > before || !bench.under_way[batch].empty());
      std::set<std::uint64_t> keys;
      std::size_t bytes = 0;
      for (const auto& task : bench.under_way[batch]) {
        RC_ASSERT(handler_of[task.offset] == batch);
        keys.insert(task.key_hash);
        bytes += task.bytes.size();
        handled[task.key_hash].push_back(task.offset);
      }
      RC_ASSERT(bench.under_way[batch].size() <= limits.events);
      RC_ASSERT(bytes <= std::max<std::size_t>(limits.bytes, 1));
      for (const auto key : keys) RC_ASSERT(busy.insert(key).second);
    };
    // Where one of them fails, the broker hands it and what is behind it over anew.
    const auto end = [&](std::size_t batch, std::optional<std::size_t> failing) {
      auto& under_way = bench.under_way[batch];
      for (const auto& task : under_way) busy.erase(task.key_hash);
      std::vector<Task> failed;
      if (failing && !under_way.empty()) failed.push_back(under_way[*failing % under_way.size()]);
      for (const auto& task : failed)
        std::erase_if(handled[task.key_hash], [&](std::uint64_t one) { return one >= task.offset; });
      const auto told = bench.desk.ended(batch, failed);
      under_way.clear();
      for (const auto key : told) {
        const auto released = bench.desk.release(key);
        if (!released.failed) {
          for (const auto& task : released.behind) offer(task.offset, key);
          continue;
        }
        RC_ASSERT(released.failed->offset == failed.at(0).offset);
        for (const auto one : expected[key]) {
          if (one >= released.failed->offset) offer(one, key);
        }
      }
    };

    const auto steps = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 12));
    for (const auto step : steps) {
      if (step < 8) {
        const auto key = *rc::gen::inRange<std::uint64_t>(1, 5);
        const auto batch = *rc::gen::inRange<std::size_t>(0, 3);
        handler_of[++offset] = batch == 2 ? std::nullopt : std::optional{batch};
        expected[key].push_back(offset);
        offer(offset, key);
      } else if (step < 10) {
        bench.advance(std::chrono::milliseconds{*rc::gen::inRange(0, 20)});
        const auto batch = static_cast<std::size_t>(step - 8);
        if (bench.under_way[batch].empty()) take(batch);
      } else {
        const auto failing = *rc::gen::inRange<std::size_t>(0, 6);
        end(static_cast<std::size_t>(step - 10), failing < 3 ? std::optional{failing} : std::nullopt);
      }
    }
    for (int round = 0; !bench.desk.idle(); ++round) {
      RC_ASSERT(round < 1'000);
      bench.advance(1s);
      for (const std::size_t batch : {0, 1}) {
        if (bench.under_way[batch].empty()) take(batch);
        end(batch, {});
      }
    }
    RC_ASSERT(handled == expected);
  }));
}
