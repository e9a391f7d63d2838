// When a target hears of the tracker, in virtual time.
#include <doctest/doctest.h>

#include <string>

#include "alerts/watchdog.h"

using namespace reel::alerts;
using namespace std::chrono_literals;

namespace {

class WatchdogBench {
 public:
  WatchdogBench() : WatchdogBench{WatchdogTimes{}} {}
  explicit WatchdogBench(WatchdogTimes times) : watchdog_{times, now_} {}

  /// Time passes to its end, with looks and words where they are due; what was said, with the second.
  std::string pass(std::chrono::seconds time) {
    std::string said;
    for (const auto end = now_ + time; now_ < end; now_ += 1s) {
      if (watchdog_.look_due(now_)) watchdog_.saw(now_, well);
      while (const auto word = watchdog_.due(now_)) {
        said += (said.empty() ? "" : ", ") + name(*word) + (reachable ? "" : " (in vain)") + " at " +
                std::to_string((now_ - begin_) / 1s);
        watchdog_.said(*word, reachable, now_);
      }
      CHECK(watchdog_.next(now_) > now_);
    }
    return said;
  }

  bool well = true;
  bool reachable = true;

 private:
  static std::string name(Word word) {
    return word == Word::beat ? "beat" : word == Word::silent ? "silent" : "heard again";
  }

  Time begin_{};
  Time now_{};
  Watchdog watchdog_;
};

}  // namespace

TEST_CASE("while the tracker is well there is a beat each interval, the first at once") {
  WatchdogBench bench;
  CHECK(bench.pass(1s) == "heard again at 0, beat at 0");
  CHECK(bench.pass(180s) == "beat at 60, beat at 120, beat at 180");
}

TEST_CASE("a tracker that was never there is silent after the patience, once") {
  WatchdogBench bench;
  bench.well = false;
  CHECK(bench.pass(600s) == "silent at 60");
}

TEST_CASE("a restart within the patience is no silence") {
  WatchdogBench bench;
  (void)bench.pass(100s);
  bench.well = false;
  CHECK(bench.pass(40s) == "");
  bench.well = true;
  CHECK(bench.pass(60s) == "beat at 150");
}

TEST_CASE("a tracker that dies is told of, and that it is back, each once") {
  WatchdogBench bench;
  (void)bench.pass(100s);
  bench.well = false;
  CHECK(bench.pass(200s) == "silent at 150");
  bench.well = true;
  CHECK(bench.pass(40s) == "heard again at 300, beat at 300");
}

TEST_CASE("no beat goes out on the word of a look that was not good") {
  WatchdogBench bench;
  (void)bench.pass(50s);
  bench.well = false;
  CHECK(bench.pass(40s) == "");
}

TEST_CASE("what could not be said is said later") {
  WatchdogBench bench;
  bench.well = bench.reachable = false;
  CHECK(bench.pass(100s) == "silent (in vain) at 60, silent (in vain) at 75, silent (in vain) at 90");
  bench.reachable = true;
  CHECK(bench.pass(20s) == "silent at 105");
  bench.well = true;
  bench.reachable = false;
  CHECK(bench.pass(20s) ==
        "heard again (in vain) at 120, beat (in vain) at 120, heard again (in vain) at 135, beat (in vain) "
        "at 135");
  bench.reachable = true;
  CHECK(bench.pass(20s) == "heard again at 150, beat at 150");
}

TEST_CASE("a silence that the target never heard of needs no all-clear") {
  WatchdogBench bench;
  (void)bench.pass(40s);
  bench.well = bench.reachable = false;
  CHECK(bench.pass(61s) == "silent (in vain) at 90");
  bench.well = bench.reachable = true;
  CHECK(bench.pass(60s) == "beat at 105");
}

TEST_CASE("whoever starts gives the all-clear once, since a silence may have been told of before") {
  WatchdogBench bench;
  bench.well = false;
  CHECK(bench.pass(30s) == "");
  bench.well = true;
  bench.reachable = false;
  CHECK(bench.pass(1s) == "heard again (in vain) at 30, beat (in vain) at 30");
  bench.reachable = true;
  CHECK(bench.pass(30s) == "heard again at 45, beat at 45");
  WatchdogBench forgetful{WatchdogTimes{.patience = 60s, .beat = 0ms, .repeat = 60s}};
  CHECK(forgetful.pass(60s) == "");
}

TEST_CASE("a target that forgets is told of the silence again and again") {
  WatchdogBench bench{WatchdogTimes{.patience = 60s, .beat = 0ms, .repeat = 60s}};
  bench.well = false;
  CHECK(bench.pass(200s) == "silent at 60, silent at 120, silent at 180");
  bench.well = true;
  CHECK(bench.pass(100s) == "heard again at 210");
}

TEST_CASE("a target without beats still hears of a silence") {
  WatchdogBench bench{WatchdogTimes{.patience = 60s, .beat = 0ms, .repeat = 0ms}};
  CHECK(bench.pass(100s) == "heard again at 0");
  bench.well = false;
  CHECK(bench.pass(100s) == "silent at 150");
}
