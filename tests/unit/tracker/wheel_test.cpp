#include "tracker/wheel.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <map>
#include <set>

using namespace reel::tracker;

namespace {

std::string fired(TimerWheel& wheel, std::uint64_t upto) {
  std::string text;
  while (const auto timer = wheel.pop(upto)) {
    text += (text.empty() ? "" : " ") + std::to_string(timer->handle) + "@" + std::to_string(timer->deadline);
  }
  return text;
}

}  // namespace

TEST_CASE("timers fire in order of their deadlines, to the nanosecond, and once") {
  TimerWheel wheel;
  wheel.arm(1, 5'000'002);
  wheel.arm(2, 5'000'001);
  wheel.arm(3, 1'700'000'000'000'000'000);
  CHECK(fired(wheel, 5'000'000) == "");
  CHECK(fired(wheel, 5'000'001) == "2@5000001");
  CHECK(fired(wheel, 6'000'000) == "1@5000002");
  CHECK(fired(wheel, 1'700'000'000'000'000'000) == "3@1700000000000000000");
  CHECK(wheel.size() == 0);
}

TEST_CASE("a cancelled timer does not fire, a moved one fires where it was moved to") {
  TimerWheel wheel;
  wheel.arm(1, 10'000'000);
  wheel.arm(2, 10'000'000);
  wheel.arm(2, 20'000'000);
  wheel.cancel(1);
  wheel.cancel(7);
  CHECK_FALSE(wheel.armed(1));
  CHECK(fired(wheel, 30'000'000) == "2@20000000");
}

TEST_CASE("a deadline that has passed fires with the next pop") {
  TimerWheel wheel;
  (void)wheel.pop(1'000'000'000);
  wheel.arm(1, 5);
  CHECK(fired(wheel, 1'000'000'000) == "1@5");
}

TEST_CASE("whatever is armed, moved and cancelled, the wheel agrees with a sorted set") {
  CHECK(rc::check([] {
    TimerWheel wheel;
    std::map<std::uint32_t, std::uint64_t> armed;
    std::uint64_t now = *rc::gen::element<std::uint64_t>(0, 1'700'000'000'000'000'000);
    (void)wheel.pop(now);
    const auto span =
        rc::gen::map(rc::gen::pair(rc::gen::inRange(0, 45), rc::gen::inRange<std::uint64_t>(0, 64)),
                     [](const auto& drawn) { return drawn.second << drawn.first; });
    const auto operations = *rc::gen::inRange(0, 200);
    for (int i = 0; i < operations; ++i) {
      const auto handle = *rc::gen::inRange<std::uint32_t>(0, 20);
      switch (*rc::gen::inRange(0, 4)) {
        case 0:
        case 1:
          armed[handle] = now + *span;
          wheel.arm(handle, armed[handle]);
          break;
        case 2:
          armed.erase(handle);
          wheel.cancel(handle);
          break;
        default: {
          now += *span;
          std::set<std::pair<std::uint64_t, std::uint32_t>> due;
          for (const auto& [h, deadline] : armed) {
            if (deadline <= now) due.emplace(deadline, h);
          }
          for (const auto& [deadline, h] : due) {
            const auto timer = wheel.pop(now);
            RC_ASSERT(timer.has_value());
            RC_ASSERT(timer->deadline == deadline);
            RC_ASSERT(timer->handle == h);
            armed.erase(h);
          }
          RC_ASSERT_FALSE(wheel.pop(now).has_value());
        }
      }
      RC_ASSERT(wheel.size() == armed.size());
    }
  }));
}
