// A service's queue, dispatch, parked keys and ledger against what was promised: random publishes, answers,
// losses, pauses, redrives and restarts, and after each step everything that must hold.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <random>

#include "one_service.h"

using namespace reel::broker;
using namespace reel::broker::test;

namespace {

struct Load {
  reel::config::OnDead on_dead = reel::config::OnDead::pass;
  int keys = 5;
  int instances = 3;
  int steps = 500;
  std::size_t parked_events_max = 1'000'000;
};

class Walk {
 public:
  Walk(const Load& load, std::uint64_t seed)
      : load_{load}, random_{seed}, shop_{policy(load), seed, load.parked_events_max} {}

  // What went wrong, "" where nothing did.
  std::string run() {
    for (int step = 0; step < load_.steps && wrong_.empty(); ++step) {
      shop_.advance(1 + upto(3) * 500'000);
      take_step();
      shop_.turns();
      look();
      if (!wrong_.empty()) return "step " + std::to_string(step) + ": " + wrong_;
    }
    settle_everything();
    return wrong_;
  }

 private:
  enum class State { owed, acked, dead, redriven, discarded };
  struct Event {
    std::string key;
    State state = State::owed;
    int acks = 0;
  };

  static reel::config::Service policy(const Load& load) {
    using reel::config::milliseconds;
    reel::config::Service service;
    service.ack_timeout = milliseconds{20};
    service.on_dead = load.on_dead;
    service.retry = {.attempts = 3, .backoff = {milliseconds{2}, milliseconds{9}}, .jitter = 0};
    return service;
  }
  std::uint64_t upto(std::uint64_t most) { return random_() % (most + 1); }
  int someone() { return 1 + static_cast<int>(upto(static_cast<std::uint64_t>(load_.instances) - 1)); }
  bool parks() const { return load_.on_dead == reel::config::OnDead::park; }

  void take_step() {
    switch (upto(19)) {
      case 0: return shop_.joins(someone(), static_cast<std::uint32_t>(1 + upto(6)));
      case 1: return shop_.leaves(someone(), upto(1) == 0);
      case 2: return shop_.expires();
      case 3: return pause();
      case 4: return redrive(1 + upto(2));
      case 5: return discard();
      case 6: return shop_.snapshots();
      case 7: return upto(3) == 0 ? shop_.restarts() : void();
      case 8: return hurry();
      case 9: return shop_.keeps_in_memory(upto(2) == 0 ? upto(30) : ~Offset{0});
      case 10:
      case 11:
      case 12: return publish();
      default: return answer(80, 25);
    }
  }

  // What was handed out before, and is still being read, is sent before: so that nothing is sent during a
  // pause.
  void pause() {
    shop_.keeps_in_memory(~Offset{0});
    for (int i = 0; i < 3; ++i) shop_.turns();
    look();
    shop_.pauses(upto(2) == 0 ? shop_.now() + upto(10'000'000) : shop_.now());
  }
  void publish() {
    for (auto count = 1 + upto(3); count > 0; --count) {
      const auto key =
          std::string(1, static_cast<char>('a' + upto(static_cast<std::uint64_t>(load_.keys) - 1)));
      events_[shop_.publishes(key)].key = key;
    }
  }

  // Someone answers this share of what it holds, in per cent, a share of these with a nack. As an instance
  // does: in order, and what lies behind a nack under its key is dropped.
  void answer(std::uint64_t share, std::uint64_t nack_share) {
    const int instance = someone();
    auto inbox = std::exchange(shop_.handed(instance), {});
    std::set<std::string> held_back;
    for (const auto& handed : inbox) {
      if (held_back.contains(handed.key)) continue;
      const bool holds = shop_.queue().dispatch().holds(InstanceId{static_cast<std::uint32_t>(instance)},
                                                        handed.offset, handed.delivery);
      if (!holds) {  // taken back meanwhile: an answer is stale, mostly there is none
        if (upto(3) == 0) shop_.acks(instance, handed);
        continue;
      }
      if (upto(99) >= share) {
        held_back.insert(handed.key);
        keep_from(instance, inbox, handed);
      } else if (upto(99) >= nack_share) {
        shop_.acks(instance, handed);
        ack(handed);
      } else {
        held_back.insert(handed.key);
        shop_.nacks(instance, handed, upto(4) == 0);
      }
    }
    take_dead();
  }
  // What is not answered yet stays, it and all behind it under its key.
  void keep_from(int instance, const std::deque<Handed>& inbox, const Handed& from) {
    for (const auto& handed : inbox) {
      if (handed.key == from.key && handed.offset >= from.offset) shop_.handed(instance).push_back(handed);
    }
  }

  void ack(const Handed& handed) {
    auto& event = events_.at(handed.origin);
    if (event.state == State::acked) return fail("acked twice", handed);
    if (event.state == State::discarded) return fail("acked after it was discarded", handed);
    event.state = State::acked;
    ++event.acks;
  }
  void take_dead() {
    for (const auto& [origin, failure] : shop_.record().dead) events_.at(origin).state = State::dead;
  }

  std::vector<Offset> some_dead(std::uint64_t count) {
    std::vector<Offset> origins;
    for (const auto& [origin, failure] : shop_.record().dead) {
      if (origins.size() < count && upto(1) == 0) origins.push_back(origin);
    }
    return origins;
  }
  void redrive(std::uint64_t count) {
    take_dead();
    const auto origins = some_dead(count);
    for (const auto origin : origins) events_.at(origin).state = State::redriven;
    if (!origins.empty()) shop_.redrives(origins);
  }
  void discard() {
    take_dead();
    const auto origins = some_dead(1);
    for (const auto origin : origins) events_.at(origin).state = State::discarded;
    if (!origins.empty()) shop_.discards(origins);
  }
  void hurry() {
    const auto& retrying = shop_.record().retrying;
    if (retrying.empty()) return;
    const auto offset = retrying.begin()->first;
    if (upto(1) == 0) return shop_.retries_now(offset);
    shop_.gives_up(offset);
    take_dead();
  }

  // Everything new that an instance holds.
  void look() {
    take_dead();
    std::map<std::string, int> holders;
    for (const auto& [instance, inbox] : shop_.instances()) {
      for (const auto& handed : inbox) {
        const bool holds = shop_.queue().dispatch().holds(InstanceId{static_cast<std::uint32_t>(instance)},
                                                          handed.offset, handed.delivery);
        if (!holds) continue;
        if (holders.emplace(handed.key, instance).first->second != instance) fail("held by two", handed);
        if (!seen_.insert({handed.offset, handed.delivery, instance}).second) continue;
        look_at(instance, handed);
      }
    }
  }
  void look_at(int instance, const Handed& handed) {
    const auto& event = events_.at(handed.origin);
    if (event.state == State::acked) fail("handed over after its ack", handed);
    if (event.state == State::discarded) fail("handed over after it was discarded", handed);
    if (event.state == State::dead) fail("handed over although it is dead", handed);
    if (handed.attempt > 3) fail("attempt " + std::to_string(handed.attempt), handed);
    if (shop_.queue().paused_until() > shop_.now()) fail("handed over during a pause", handed);
    for (const auto& [origin, other] : events_) {
      if (origin >= handed.origin || other.key != event.key) continue;
      if (other.state == State::acked || other.state == State::discarded) continue;
      // Where nothing is parked, a dead letter is passed, and comes behind what is there when it is redriven.
      if (!parks() && (other.state != State::owed || event.state == State::redriven)) continue;
      if (!is_held(instance, origin)) fail("handed over before " + std::to_string(origin), handed);
    }
  }
  bool is_held(int instance, Offset origin) {
    const auto& inbox = shop_.handed(instance);
    return std::any_of(inbox.begin(), inbox.end(),
                       [&](const Handed& handed) { return handed.origin == origin; });
  }

  // In the end everything is acked, once, and nothing is left behind.
  void settle_everything() {
    shop_.pauses(shop_.now());
    shop_.keeps_in_memory(~Offset{0});
    for (int round = 0; round < 3'000 && wrong_.empty(); ++round) {
      shop_.advance(10'000'000);
      for (int instance = 1; instance <= load_.instances; ++instance) shop_.joins(instance, 10);
      shop_.expires();
      redrive(100);
      shop_.turns();
      look();
      answer(100, 0);
      const auto done = [](const auto& event) {
        return event.second.state == State::acked || event.second.state == State::discarded;
      };
      if (std::all_of(events_.begin(), events_.end(), done) && shop_.queue().parked().empty()) break;
    }
    if (!wrong_.empty()) return;
    for (const auto& [origin, event] : events_) {
      if (event.state != State::discarded && event.acks != 1) {
        wrong_ = "event " + std::to_string(origin) + " was acked " + std::to_string(event.acks) + " times";
      }
    }
    if (!shop_.record().dead.empty()) wrong_ = "dead letters are left";
    if (!shop_.record().parked.empty() || !shop_.queue().parked().empty()) wrong_ = "parked events are left";
  }

  void fail(const std::string& what, const Handed& handed) {
    if (!wrong_.empty()) return;
    wrong_ = "event " + std::to_string(handed.origin) + " of key " + handed.key + " (offset " +
             std::to_string(handed.offset) + ", delivery " + std::to_string(handed.delivery) + ") was " +
             what;
  }

  Load load_;
  std::mt19937_64 random_;
  OneService shop_;
  std::map<Offset, Event> events_;
  std::set<std::tuple<Offset, std::uint32_t, int>> seen_;  // of this run of the broker
  std::string wrong_;
};

// REEL_SOAK walks fifty times as far.
int walks(int count) {
  return std::getenv("REEL_SOAK") != nullptr ? count * 50 : count;
}

void walk(const Load& load, int count) {
  for (int seed = 1; seed <= walks(count); ++seed) {
    CAPTURE(seed);
    REQUIRE(Walk(load, static_cast<std::uint64_t>(seed)).run() == "");
  }
}

}  // namespace

TEST_CASE("a pause that ends while nobody serves is over, and asks for no more turns") {
  OneService shop{{}, 1};
  const auto until = shop.now() + 1'000;
  shop.pauses(until);
  CHECK(shop.queue().next_deadline() == until);
  shop.advance(1'000);
  shop.turns();
  CHECK(shop.queue().next_deadline() == std::nullopt);
  CHECK(shop.queue().paused_until() == 0);
}

TEST_CASE("a service gets every event once, each key in order, whatever fails: dead letters are passed") {
  walk({}, 120);
}

TEST_CASE("a service gets every event once, each key in order, whatever fails: keys park") {
  walk({.on_dead = reel::config::OnDead::park}, 120);
}

TEST_CASE("a service gets every event once, each key in order: of what is parked few events are known") {
  walk({.on_dead = reel::config::OnDead::park, .parked_events_max = 3}, 120);
}

TEST_CASE("a service gets every event once: many keys, one instance that comes and goes") {
  walk({.on_dead = reel::config::OnDead::park, .keys = 20, .instances = 1}, 60);
}
