#include "keyed_workers.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <future>
#include <map>
#include <optional>
#include <thread>

using namespace reel;
using namespace reel::sdk;
using namespace std::chrono_literals;

namespace {

// Workers whose handlers write down what they saw; offsets named in `fails` fail, keys named in `gates` wait.
class WorkersBench {
 public:
  explicit WorkersBench(unsigned count = 2)
      : workers{count, [this](unsigned, const Task& task) { return handle(task); },
                [this](std::uint64_t key) { return release(key); }} {}

  using OffsetsAndKeys = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

  // Offsets of one key each, as one DELIVER.
  void deliver(const OffsetsAndKeys& offsets_and_keys) { workers.add(tasks_of(offsets_and_keys)); }

  // The same from a thread that may help. Whether it has to.
  bool deliver_or_help(const OffsetsAndKeys& offsets_and_keys) {
    return workers.add_or_help(tasks_of(offsets_and_keys));
  }

  // While workers are awake, or handlers were slow, the thread that brings events is not asked to help.
  void deliver_until_asked_to_help(const OffsetsAndKeys& events) {
    for (bool asked = false; !asked;) {
      REQUIRE(workers.wait_idle(std::chrono::steady_clock::now() + 10s));
      seen.clear();
      asked = deliver_or_help(events);
    }
  }

  // And handles them here. A worker that was woken for what came before may still be on its way, and take
  // some of what is meant for this thread: then once more.
  void handle_here(const OffsetsAndKeys& events) {
    const auto is_here = [&](const auto& event) {
      return handled_by(event.first) == std::this_thread::get_id();
    };
    do {
      deliver_until_asked_to_help(events);
      workers.help();
      REQUIRE(workers.wait_idle(std::chrono::steady_clock::now() + 10s));
    } while (!std::all_of(events.begin(), events.end(), is_here));
  }

  std::vector<Task> tasks_of(const OffsetsAndKeys& offsets_and_keys) {
    auto* frame = new DeliveredFrame;
    frame->session = session;
    frame->settled = settled;
    frame->unhandled = static_cast<std::uint32_t>(offsets_and_keys.size());
    std::vector<Task> tasks;
    for (const auto& [offset, key] : offsets_and_keys)
      tasks.push_back({.key_hash = key, .offset = offset, .frame = frame, .delivery = delivery});
    return tasks;
  }

  // What was handled since the last call, once all is quiet, in the order of each key.
  std::string handled() {
    REQUIRE(workers.wait_idle(std::chrono::steady_clock::now() + 10s));
    const std::lock_guard lock{mutex};
    std::string text;
    for (auto& [key, offsets] : seen) {
      text += (text.empty() ? "" : "; ") + std::to_string(key) + ":";
      for (const auto offset : offsets) text += " " + std::to_string(offset);
    }
    seen.clear();
    return text;
  }

  Handled handle(const Task& task) {
    std::shared_future<void> gate;
    {
      const std::lock_guard lock{mutex};
      CHECK(running.insert(task.key_hash).second);  // never two of one key at once
      most_running = std::max(most_running, running.size());
      by[task.offset] = std::this_thread::get_id();
      changed.notify_all();
      if (gates.contains(task.key_hash)) gate = gates[task.key_hash];
    }
    if (gate.valid()) gate.wait();
    const auto until = std::chrono::steady_clock::now() + slow_for.load();
    while (std::chrono::steady_clock::now() < until) continue;
    const std::lock_guard lock{mutex};
    running.erase(task.key_hash);
    if (kept.contains(task.key_hash)) {
      kept[task.key_hash].push_back(task);
      changed.notify_all();
      return Handled::kept;
    }
    seen[task.key_hash].push_back(task.offset);
    changed.notify_all();
    return fails.erase(task.offset) == 0 ? Handled::done : Handled::failed;
  }

  // As a batch that has the first one kept under the key has ended, in which that one failed or did not.
  ReleasedKey release(std::uint64_t key) {
    const std::lock_guard lock{mutex};
    auto tasks = std::move(kept[key]);
    kept.erase(key);
    ReleasedKey released;
    if (batch_fails)
      released.failed = {.session = tasks.front().frame->session, .offset = tasks.front().offset};
    DeliveredFrame::release(tasks.front().frame, 1);
    released.behind.assign(tasks.begin() + 1, tasks.end());
    return released;
  }
  void free(std::uint64_t key) { workers.freed({&key, 1}); }

  void take_back(std::uint64_t first, std::uint32_t count) {
    v1::Settle::Ack range;
    range.set_first(first);
    range.set_count(count);
    range.set_delivery(1);
    workers.take_back(TakenBackSet{{range}});
  }

  // "at 1#1, from 2 to 3": what handlers are at, and between where all else waits.
  std::string work() {
    const auto work = workers.work();
    std::string text = "at";
    for (const auto& one : work.begun)
      text += " " + std::to_string(one.offset) + "#" + std::to_string(one.delivery);
    return text + ", from " + std::to_string(work.waits_from) + " to " + std::to_string(work.waits_to);
  }

  void wait_until_handled(std::uint64_t key) {
    std::unique_lock lock{mutex};
    REQUIRE(changed.wait_for(lock, 10s, [&] { return seen.contains(key); }));
  }

  void wait_until_running(std::uint64_t key) {
    std::unique_lock lock{mutex};
    REQUIRE(changed.wait_for(lock, 10s, [&] { return running.contains(key); }));
  }

  std::thread::id handled_by(std::uint64_t offset) {
    const std::lock_guard lock{mutex};
    return by[offset];
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::set<std::uint64_t> fails;
  std::map<std::uint64_t, std::shared_future<void>> gates;
  std::set<std::uint64_t> running;
  std::map<std::uint64_t, std::vector<Task>> kept;  // by key, where these are kept
  bool batch_fails = false;
  std::size_t most_running = 0;
  std::map<std::uint64_t, std::thread::id> by;  // by offset, who handled it
  std::map<std::uint64_t, std::vector<std::uint64_t>> seen;
  std::uint64_t session = 0;
  std::uint64_t settled = 0;  // what the deliveries from here on take into account
  std::uint32_t delivery = 1;
  std::atomic<std::chrono::milliseconds> slow_for{};  // what each handler keeps a core busy
  KeyedWorkers workers;
};

}  // namespace

TEST_CASE("events of one key are handled in order") {
  WorkersBench bench;
  bench.deliver({{1, 7}, {2, 8}, {3, 7}, {4, 7}});
  bench.deliver({{5, 8}, {6, 7}});
  CHECK(bench.handled() == "7: 1 3 4 6; 8: 2 5");
}

TEST_CASE("a slow handler delays its own key only") {
  WorkersBench bench;
  std::promise<void> gate;
  bench.gates[7] = gate.get_future().share();
  std::vector<std::pair<std::uint64_t, std::uint64_t>> events;
  for (std::uint64_t i = 0; i < 40; ++i) events.emplace_back(i + 1, i % 2 == 0 ? 7 : 100 + i);
  bench.deliver(events);
  for (std::uint64_t i = 1; i < 40; i += 2) bench.wait_until_handled(100 + i);
  CHECK_FALSE(bench.workers.wait_idle(std::chrono::steady_clock::now()));
  gate.set_value();
  CHECK(bench.handled().starts_with("7: 1 3 5 7 9 11"));
}

TEST_CASE("what is behind a failed event of its key is not handled until the broker has answered") {
  WorkersBench bench;
  bench.fails = {2};
  bench.deliver({{1, 7}, {2, 7}, {3, 7}, {4, 8}});
  bench.deliver({{5, 7}, {6, 8}});
  CHECK(bench.handled() == "7: 1 2; 8: 4 6");

  SUBCASE("then it was taken back, and comes again") {
    bench.workers.answered(7, 1);
    bench.settled = 1;
    bench.deliver({{2, 7}, {3, 7}, {5, 7}});
    CHECK(bench.handled() == "7: 2 3 5");
    CHECK(bench.workers.dropped() == 2);
  }
  SUBCASE("what the broker delivered anew before its answer is handled") {
    bench.settled = 1;
    bench.deliver({{2, 7}, {3, 7}});
    CHECK(bench.handled() == "");
    bench.workers.answered(7, 1);
    CHECK(bench.handled() == "7: 2 3");
    CHECK(bench.workers.dropped() == 2);
  }
  SUBCASE("so is what comes next under the key of a dead letter") {
    bench.settled = 1;
    bench.deliver({{9, 7}});
    bench.workers.answered(7, 1);
    CHECK(bench.handled() == "7: 9");
  }
  SUBCASE("so is what came again because the broker had not waited for the failure") {
    bench.deliver({{2, 7}, {3, 7}});
    bench.workers.answered(7, 1);
    CHECK(bench.handled() == "7: 2 3");
    CHECK(bench.workers.dropped() == 2);
  }
  SUBCASE("and fails again") {
    bench.workers.answered(7, 1);
    bench.fails = {2};
    bench.settled = 1;
    bench.deliver({{2, 7}, {3, 7}});
    CHECK(bench.handled() == "7: 2");
    bench.workers.answered(7, 2);
    CHECK(bench.handled() == "");
    bench.settled = 2;
    bench.deliver({{2, 7}, {3, 7}});
    CHECK(bench.handled() == "7: 2 3");
  }
}

TEST_CASE("a failed event that is delivered again before its answer is handled after it") {
  WorkersBench bench;
  bench.fails = {1};
  bench.deliver({{1, 7}});
  CHECK(bench.handled() == "7: 1");
  bench.deliver({{1, 7}, {2, 7}});
  CHECK(bench.handled() == "");
  bench.workers.answered(7, 1);
  CHECK(bench.handled() == "7: 1 2");
}

TEST_CASE("keys that meet in a lane do not stop one another") {
  WorkersBench bench;
  bench.fails = {1};
  bench.deliver({{1, 7}, {2, 7 + 1024}, {3, 7}, {4, 7 + 1024}});
  CHECK(bench.handled() == "7: 1; 1031: 2 4");
}

TEST_CASE("a lost session takes along what is not begun, and what was parked") {
  WorkersBench bench{1};
  bench.fails = {1};
  bench.deliver({{1, 7}, {2, 7}, {3, 8}});
  CHECK(bench.handled() == "7: 1; 8: 3");
  bench.session = 1;
  bench.workers.drop_all(1);
  CHECK(bench.workers.dropped() == 1);
  bench.deliver({{1, 7}, {2, 7}});
  CHECK(bench.handled() == "7: 1 2");
}

TEST_CASE("events taken back behind a refused emit are not begun") {
  WorkersBench bench{1};
  std::promise<void> gate;
  bench.gates[9] = gate.get_future().share();
  bench.deliver({{1, 9}, {2, 7}, {3, 8}, {4, 7}});
  bench.workers.drop_key(8, 1);
  gate.set_value();
  const auto handled = bench.handled();
  CHECK(handled.find("7: 2 4") != std::string::npos);
}

TEST_CASE("workers say what they are at and what waits; what the broker takes back is not begun") {
  WorkersBench bench{1};
  std::promise<void> gate;
  bench.gates[7] = gate.get_future().share();
  CHECK(bench.work() == "at, from 0 to 0");
  bench.deliver({{1, 7}, {2, 7}, {3, 8}, {5, 9}});
  bench.wait_until_running(7);
  bench.deliver({{6, 7}});
  CHECK(bench.work() == "at 1#1, from 2 to 6");

  SUBCASE("where it is queued") {
    bench.take_back(3, 3);
    CHECK(bench.work() == "at 1#1, from 2 to 6");
    gate.set_value();
    CHECK(bench.handled() == "7: 1 2 6");
  }
  SUBCASE("behind a handler that overstays, nor does what comes anew wait like anything else") {
    bench.take_back(1, 2);
    bench.take_back(6, 1);
    CHECK(bench.work() == "at, from 3 to 5");
    bench.delivery = 2;
    bench.deliver({{1, 7}, {2, 7}, {6, 7}});
    CHECK(bench.work() == "at 1#2 2#2 6#2, from 3 to 5");
    gate.set_value();
    CHECK(bench.handled() == "7: 1 1 2 6; 8: 3; 9: 5");
    CHECK(bench.workers.dropped() == 2);
    CHECK(bench.work() == "at, from 0 to 0");
  }
}

TEST_CASE("a kept event keeps its key: the lane takes up what came behind it when it is told") {
  WorkersBench bench;
  bench.kept[7];
  bench.deliver({{1, 7}, {2, 7}, {3, 8}, {4, 7}});
  CHECK(bench.handled() == "8: 3");
  CHECK(bench.kept[7].size() == 3);
  bench.deliver({{5, 8}});
  CHECK(bench.handled() == "8: 5");

  SUBCASE("and handles it where nothing failed") {
    bench.free(7);
    bench.deliver({{6, 7}});
    CHECK(bench.handled() == "7: 2 4 6");
  }
  SUBCASE("or parks it behind what failed") {
    bench.batch_fails = true;
    bench.free(7);
    bench.deliver({{6, 7}});
    CHECK(bench.handled() == "");
    bench.workers.answered(7, 1);
    bench.settled = 1;
    bench.deliver({{1, 7}, {2, 7}});
    CHECK(bench.handled() == "7: 1 2");
    CHECK(bench.workers.dropped() == 3);
  }
  SUBCASE("also when the session was lost meanwhile, with what came in it gone") {
    bench.batch_fails = true;
    bench.session = 1;
    bench.workers.drop_all(1);
    bench.deliver({{1, 7}});
    CHECK(bench.handled() == "");
    bench.free(7);
    CHECK(bench.handled() == "7: 1");
    CHECK(bench.workers.dropped() == 2);
  }
}

TEST_CASE("what goes on behind a batch is seen as anything that waits, and can be taken back") {
  WorkersBench bench{1};
  std::promise<void> gate;
  bench.kept[7];
  bench.deliver({{1, 7}, {2, 7}, {3, 7}, {4, 7}});
  CHECK(bench.handled() == "");
  bench.gates[7] = gate.get_future().share();
  bench.free(7);
  bench.wait_until_running(7);
  CHECK(bench.work() == "at 2#1, from 3 to 4");
  bench.take_back(4, 1);
  gate.set_value();
  CHECK(bench.handled() == "7: 2 3");
}

TEST_CASE("what was parked behind a failure is seen like that when it goes on") {
  WorkersBench bench{1};
  std::promise<void> gate;
  bench.fails = {1};
  bench.deliver({{1, 7}, {2, 7}});
  CHECK(bench.handled() == "7: 1");
  bench.settled = 1;
  bench.deliver({{1, 7}, {2, 7}, {3, 7}});
  CHECK(bench.handled() == "");
  bench.gates[7] = gate.get_future().share();
  bench.workers.answered(7, 1);
  bench.wait_until_running(7);
  CHECK(bench.work() == "at 1#1, from 2 to 3");
  gate.set_value();
  CHECK(bench.handled() == "7: 1 2 3");
}

TEST_CASE("a lost session does not lose the news that a key is free") {
  WorkersBench bench{1};
  std::promise<void> gate;
  bench.gates[9] = gate.get_future().share();
  bench.kept[7];
  bench.deliver({{1, 7}});
  CHECK(bench.handled() == "");
  bench.deliver({{2, 9}});
  bench.wait_until_running(9);
  bench.free(7);  // waits for the worker
  bench.session = 1;
  bench.workers.drop_all(1);
  gate.set_value();
  CHECK(bench.handled() == "9: 2");
  bench.deliver({{3, 7}});
  CHECK(bench.handled() == "7: 3");
}

TEST_CASE("who brings events while a worker sleeps runs them itself") {
  WorkersBench bench{1};
  const auto handled_here = [&](const WorkersBench::OffsetsAndKeys& events) {
    bench.handle_here(events);
    return bench.handled();
  };
  CHECK(handled_here({{1, 7}}) == "7: 1");
  CHECK(handled_here({{2, 7}, {3, 8}, {4, 7}}) == "7: 2 4; 8: 3");

  WorkersBench::OffsetsAndKeys many;
  for (std::uint64_t i = 1; i <= 1'000; ++i) many.emplace_back(10 + i, i);
  (void)handled_here(many);
}

TEST_CASE("a worker that is busy with another key helps nobody, and is not in the way") {
  std::promise<void> gate;
  WorkersBench bench{2};
  bench.gates[7] = gate.get_future().share();
  bench.deliver({{1, 7}});
  bench.wait_until_running(7);
  do {
    while (!bench.deliver_or_help({{2, 8}})) bench.wait_until_handled(8);
    bench.workers.help();
    bench.wait_until_handled(8);
  } while (bench.handled_by(2) != std::this_thread::get_id());
  gate.set_value();
  (void)bench.handled();
}

TEST_CASE("events are for the workers once their handlers were slow") {
  WorkersBench bench;
  bench.slow_for = 1ms;
  bench.handle_here({{1, 7}});
  WorkersBench::OffsetsAndKeys many;
  for (std::uint64_t i = 2; i <= 1'000; ++i) many.emplace_back(i, i);
  bench.slow_for = 0ms;
  const bool asked = bench.deliver_or_help(many);
  if (asked) bench.workers.help();
  CHECK_FALSE(asked);
  (void)bench.handled();
}

TEST_CASE("while somebody helps, one worker rests and the others go on") {
  std::promise<void> gate;
  // A worker that was woken for what came before may still be on its way, and take what is meant for the
  // helper.
  const auto hang_at_7 = [&](WorkersBench& bench) {
    while (true) {
      gate = {};
      {
        const std::lock_guard lock{bench.mutex};
        bench.seen.clear();
        bench.gates[7] = gate.get_future().share();
      }
      std::promise<std::thread::id> helps;
      auto helper_id = helps.get_future();
      std::future<void> helper;
      if (bench.deliver_or_help({{1, 7}})) {
        helper = std::async(std::launch::async, [&bench, helps = std::move(helps)]() mutable {
          helps.set_value(std::this_thread::get_id());
          bench.workers.help();
        });
      }
      bench.wait_until_running(7);
      if (helper.valid() && bench.handled_by(1) == helper_id.get()) return helper;
      gate.set_value();
      if (helper.valid()) helper.wait();
      REQUIRE(bench.workers.wait_idle(std::chrono::steady_clock::now() + 10s));
    }
  };
  SUBCASE("with two workers other keys are handled, and nobody else is asked to help") {
    WorkersBench bench{2};
    auto helper = hang_at_7(bench);
    CHECK_FALSE(bench.deliver_or_help({{2, 8}, {3, 7}}));
    bench.wait_until_handled(8);
    gate.set_value();
    CHECK(bench.handled() == "7: 1 3; 8: 2");
  }
  SUBCASE("with one, it takes over what came meanwhile") {
    WorkersBench bench{1};
    auto helper = hang_at_7(bench);
    bench.deliver({{2, 8}});
    bench.deliver({{3, 9}});
    CHECK(bench.work() == "at 1#1, from 2 to 3");
    gate.set_value();
    CHECK(bench.handled() == "7: 1; 8: 2; 9: 3");
    CHECK(bench.most_running == 1);
  }
}

TEST_CASE("what came in one frame with a key that hangs is for the others, once they hear of that") {
  WorkersBench bench{2};
  bool asked = false;
  for (std::uint64_t key = 100; !asked; key += 2) {
    REQUIRE(bench.workers.wait_idle(std::chrono::steady_clock::now() + 10s));
    std::promise<void> gate;
    {
      const std::lock_guard lock{bench.mutex};
      bench.gates[key] = gate.get_future().share();
    }
    asked = bench.deliver_or_help({{key, key}, {key + 1, key + 1}});
    std::future<void> helper;
    if (asked) {
      helper = std::async(std::launch::async, [&] { bench.workers.help(); });
      bench.wait_until_running(key);
      bench.workers.help_takes_long();
    }
    bench.wait_until_handled(key + 1);
    gate.set_value();
  }
}

TEST_CASE("what a worker has taken and not begun goes on when who helped is done") {
  std::promise<void> gate;
  WorkersBench bench{2};
  for (bool hangs = false; !hangs;) {
    bench.deliver_until_asked_to_help({{1, 7}});
    {
      const std::lock_guard lock{bench.mutex};
      hangs = !bench.running.contains(7) && !bench.seen.contains(7);
      if (hangs) bench.gates[7] = gate.get_future().share();
    }
    if (!hangs) bench.workers.help();  // a worker that was on its way has it
  }
  bench.deliver({{2, 8}, {3, 9}});
  bench.wait_until_running(7);
  bench.workers.help();
  bench.wait_until_handled(8);
  bench.wait_until_handled(9);
  gate.set_value();
}

TEST_CASE("workers end when the help that is owed has come") {
  std::optional<WorkersBench> bench{std::in_place};
  bench->deliver_until_asked_to_help({{1, 7}});
  auto helper = std::async(std::launch::async, [&] { bench->workers.help(); });
  bench.reset();
}

TEST_CASE("nothing is begun any more once that is said") {
  WorkersBench bench{1};
  std::promise<void> gate;
  bench.gates[7] = gate.get_future().share();
  bench.deliver({{1, 7}, {2, 7}, {3, 8}});
  bench.wait_until_running(7);
  bench.workers.begin_no_more();
  gate.set_value();
  CHECK(bench.handled() == "7: 1");
}

TEST_CASE("whatever comes in whatever frames, each key sees its events once and in order") {
  CHECK(rc::check([] {
    WorkersBench bench{3};
    std::map<std::uint64_t, std::vector<std::uint64_t>> expected;
    std::uint64_t offset = 0;
    const auto frames = *rc::gen::container<std::vector<std::vector<std::uint64_t>>>(rc::gen::nonEmpty(
        rc::gen::container<std::vector<std::uint64_t>>(rc::gen::inRange<std::uint64_t>(1, 2100))));
    for (const auto& keys : frames) {
      std::vector<std::pair<std::uint64_t, std::uint64_t>> events;
      for (const auto key : keys) {
        events.emplace_back(++offset, key);
        expected[key].push_back(offset);
      }
      if (bench.deliver_or_help(events)) bench.workers.help();
    }
    RC_ASSERT(bench.workers.wait_idle(std::chrono::steady_clock::now() + 10s));
    RC_ASSERT(bench.seen == expected);
  }));
}

TEST_CASE("who keeps an event is told when it was taken back, or lost, on its way to him") {
  WorkersBench bench{1};
  for (const bool lost : {false, true}) {
    std::promise<void> gate;
    bench.gates[7] = gate.get_future().share();
    const auto tasks = bench.tasks_of({{5, 7}});
    bench.workers.add(tasks);
    bench.wait_until_running(7);
    CHECK(bench.workers.still_wanted(tasks[0]));
    lost ? bench.workers.drop_all(++bench.session) : bench.take_back(5, 1);
    CHECK_FALSE(bench.workers.still_wanted(tasks[0]));
    gate.set_value();
    CHECK(bench.handled() == "7: 5");
  }
}
