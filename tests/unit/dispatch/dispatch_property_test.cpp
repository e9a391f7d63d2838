// Dispatch against its naive model: random steps, and after each of them everything that must hold.
#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <random>

#include "dispatch/dispatch.h"
#include "naive_dispatch.h"

using namespace reel;
using namespace reel::broker;

namespace {

struct Load {
  std::size_t window = 0;
  std::uint64_t keys = 0;
  std::uint32_t instances = 0;
  std::uint32_t credit = 0;
  std::size_t batch = 0;      // offers at a time
  std::uint32_t trouble = 0;  // per cent of the steps that are no offers, hand-overs or acks
  int steps = 0;
  int checks_every = 1;
  bool parks = false;
  bool exclusive = false;
  std::size_t in_flight_max = 1'000'000;
  bool tells = false;  // every second instance says what it has begun
};

class Walk {
 public:
  Walk(const Load& load, std::uint64_t seed)
      : load_{load},
        random_{seed},
        real_{policy(load), load.window, seed, told_within},
        model_{policy(load), told_within} {}

  // What went wrong, "" where nothing did.
  std::string run() {
    for (int step = 0; step < load_.steps; ++step) {
      now_ += 1 + upto(3) * 500'000;
      std::string wrong = take_step();
      if (wrong.empty() && step % load_.checks_every == 0) wrong = check();
      if (!wrong.empty()) return "step " + std::to_string(step) + ": " + wrong;
    }
    return settle_everything();
  }

 private:
  static constexpr LogTime told_within = 30'000'000;
  using Outcome = NaiveDispatch::Outcome;

  static config::Service policy(const Load& load) {
    config::Service service;
    service.on_dead = load.parks ? config::OnDead::park : config::OnDead::pass;
    service.exclusive = load.exclusive;
    service.max_in_flight = load.in_flight_max;
    service.ack_timeout = config::milliseconds{20};
    service.retry = {.attempts = 3,
                     .backoff = {config::milliseconds{2}, config::milliseconds{0}, config::milliseconds{9}},
                     .jitter = 0,
                     .max_age = config::milliseconds{200}};
    return service;
  }
  std::uint64_t upto(std::uint64_t most) { return random_() % (most + 1); }
  InstanceId someone() { return InstanceId{static_cast<std::uint32_t>(1 + upto(load_.instances - 1))}; }

  std::string take_step() {
    if (upto(99) < load_.trouble) {
      switch (upto(10)) {
        case 10: return spill();
        case 0: return join();
        case 1: return leave();
        case 2: return answer(100, 40);
        case 3: return answer(40, 0);
        case 4: return nonsense();
        case 5: return retry_now();
        case 6: return give_up();
        case 7: return extend();
        case 8: return tell();
        default: now_ += upto(30) * 1'000'000; return expire();
      }
    }
    switch (upto(3)) {
      case 0: return offer();
      case 1: return hand_over();
      case 2: return left_.empty() ? hand_over() : offer_late();
      default: return answer(90, 0);
    }
  }

  std::string offer() {
    std::vector<Offer> events;
    const std::size_t most = std::min(real_.room(), load_.batch);
    for (std::size_t count = upto(most); count > 0; --count) {
      last_offset_ += 1 + (upto(3) == 0 ? upto(2) : 0);
      Offer event{.offset = last_offset_,
                  .key_hash = upto(load_.keys - 1),
                  .bytes = static_cast<std::uint32_t>(upto(20) == 0 ? 150 : 1 + upto(30))};
      if (load_.trouble > 0 && upto(30) == 0) {
        event.attempt = 2;
        event.not_before = now_ - 1'000'000 + upto(5'000'000);
        event.first_failed_at = now_ - upto(50'000'000);
      }
      if (load_.trouble > 0 && upto(60) == 0) event.losses = static_cast<std::uint32_t>(1 + upto(1));
      ++offered_;
      if (const auto left = left_.find(event.key_hash); left != left_.end()) {
        left->second.push_back(event);
        continue;
      }
      events.push_back(event);
      model_.offer(event);
    }
    real_.offer(events);
    return "";
  }

  // What waits behind an event that lasts, and was never handed over, is left for later.
  std::string spill() {
    const auto more_than = upto(2);
    for (const auto& spilled : real_.spill(now_, patience, more_than)) {
      const auto what = "spilled behind " + std::to_string(spilled.behind);
      if (!model_.lasts(spilled.key_hash, now_ - patience)) return what + ", which does not last";
      if (spilled.events.size() <= more_than) return what + " is too little";
      auto& left = left_[spilled.key_hash];
      std::vector<Offer> offers;
      for (auto held = model_.held.upper_bound(spilled.behind); held != model_.held.end();) {
        const auto& event = held->second;
        if (event.key != spilled.key_hash) {
          ++held;
          continue;
        }
        if (event.delivery > 0 || event.attempt > 1 || event.losses > 0)
          return what + " is one that was tried";
        offers.push_back({.offset = event.offset, .key_hash = event.key, .bytes = event.bytes});
        held = model_.held.erase(held);
      }
      const bool same = std::equal(offers.begin(), offers.end(), spilled.events.begin(), spilled.events.end(),
                                   [](const Offer& a, const ParkedEvent& b) { return a.offset == b.offset; });
      if (!same) return what + " are others";
      left.insert(left.begin(), offers.begin(), offers.end());
    }
    return "";
  }

  // The first of some keys.
  std::string offer_late() {
    std::vector<Offer> events;
    for (auto key = left_.begin(); key != left_.end();) {
      auto& left = key->second;
      for (auto count = upto(left.size()); count > 0 && events.size() < real_.room(); --count) {
        events.push_back(left.front());
        left.pop_front();
      }
      key = left.empty() ? left_.erase(key) : std::next(key);
    }
    std::sort(events.begin(), events.end(),
              [](const Offer& a, const Offer& b) { return a.offset < b.offset; });
    for (const auto& event : events) model_.offer(event);
    real_.offer_late(events);
    return "";
  }

  std::string hand_over() {
    const std::size_t wanted = upto(3) == 0 ? 1 + upto(10) : 100'000;
    const std::size_t max =
        std::min(wanted, load_.in_flight_max - std::min(load_.in_flight_max, real_.in_flight()));
    const std::string wrong = model_.hand_over(real_.hand_over(now_, max), now_, max);
    return wrong.empty() ? "" : "handed " + wrong;
  }

  std::string join() {
    const InstanceId instance = someone();
    const auto events = static_cast<std::uint32_t>(upto(load_.credit));
    real_.join(instance, events, events * 20, tells(instance));
    model_.join(instance, {events, events * 20}, tells(instance));
    return "";
  }
  [[nodiscard]] bool tells(InstanceId instance) const {
    return load_.tells && static_cast<std::uint32_t>(instance) % 2 == 0;
  }
  std::string tell() {
    const InstanceId instance = someone();
    std::vector<AckRange> events;
    for (const auto& [offset, event] : model_.held) {
      if (event.holder == instance && upto(3) == 0) events.push_back({offset, 1, event.delivery});
    }
    const Offset from = somewhere();
    const Begun said{.busy = static_cast<std::uint32_t>(upto(2)),
                     .begun = events,
                     .waits_from = from,
                     .waits_to = from + upto(40)};
    real_.told(instance, said, now_);
    model_.told(instance, said, now_);
    return "";
  }
  std::string leave() {
    const InstanceId instance = someone();
    const bool lost = upto(1) == 0;
    return same(model_.leave(instance, lost, now_), real_.leave(instance, lost, now_), "leave");
  }
  Offset somewhere() { return last_offset_ - std::min(last_offset_, upto(40)); }
  std::string retry_now() {
    const Offset offset = somewhere();
    (void)real_.hand_over(now_, 0);  // wakes what is due, as the model does by itself
    return real_.retry_now(offset) == model_.retry_now(offset, now_) ? "" : "retry_now";
  }
  std::string give_up() {
    const Offset offset = somewhere();
    Settlement settlement;
    const bool gave_up = real_.give_up(offset, settlement);
    const auto outcome = model_.give_up(offset);
    if (gave_up != outcome.has_value()) return "give_up";
    return gave_up ? same(*outcome, settlement, "give_up") : "";
  }
  std::string extend() {
    const InstanceId instance = someone();
    std::vector<AckRange> events;
    for (const auto& [offset, event] : model_.held) {
      if (event.holder == instance && upto(2) == 0) events.push_back({offset, 1, event.delivery});
    }
    real_.extend(instance, events, now_);
    model_.extend(instance, events, now_);
    return "";
  }
  std::string expire() { return same(model_.expire(now_), real_.expire(now_), "expire"); }

  // Someone answers this share of what it holds, in per cent, a share of these with a nack.
  std::string answer(std::uint64_t share, std::uint64_t nack_share) {
    const InstanceId instance = someone();
    std::vector<AckRange> acks;
    std::vector<Nack> nacks;
    for (const auto& [offset, event] : model_.held) {
      if (event.holder != instance || upto(99) >= share) continue;
      if (upto(99) < nack_share) {
        nacks.push_back({.offset = offset, .delivery = event.delivery, .reject = upto(9) == 0});
        if (upto(3) == 0) nacks.back().delay = config::milliseconds{4};
      } else if (!acks.empty() && acks.back().first + acks.back().count == offset &&
                 acks.back().delivery == event.delivery) {
        ++acks.back().count;
      } else {
        acks.push_back({offset, 1, event.delivery});
      }
    }
    if (upto(4) == 0) std::shuffle(acks.begin(), acks.end(), random_);
    if (upto(4) == 0) std::shuffle(nacks.begin(), nacks.end(), random_);
    return settle(instance, acks, nacks);
  }
  // Answers to anything, disjoint but otherwise wild.
  std::string nonsense() {
    std::vector<AckRange> acks;
    Offset offset = last_offset_ > 60 ? last_offset_ - upto(60) : 0;
    for (std::uint64_t count = upto(4); count > 0; --count) {
      offset += upto(5);
      acks.push_back({offset, static_cast<std::uint32_t>(upto(20)), static_cast<std::uint32_t>(upto(3))});
      offset += acks.back().count;
    }
    std::vector<Nack> nacks;
    if (upto(1) == 0) nacks.push_back({.offset = offset - std::min(offset, upto(30)), .delivery = 1});
    return settle(someone(), acks, nacks);
  }
  std::string settle(InstanceId instance, const std::vector<AckRange>& acks, const std::vector<Nack>& nacks) {
    return same(model_.settle(instance, acks, nacks, now_), real_.settle(instance, acks, nacks, now_),
                "settle");
  }

  static std::string same(const Outcome& model, const Settlement& settlement, const std::string& what) {
    const Outcome real = NaiveDispatch::outcome_of(settlement);
    if (real.acked != model.acked) return what + ": other acks";
    if (real.failures != model.failures) return what + ": other failures";
    if (real.stale != model.stale) return what + ": other stale answers";
    if (real.parked != model.parked) return what + ": others are parked";
    if (real.taken_back != model.taken_back) return what + ": others are taken back";
    return "";
  }

  std::string check() {
    if (real_.held() != model_.held.size()) return "held";
    std::size_t left = 0;
    for (const auto& [key, events] : left_) left += events.size();
    if (offered_ != model_.acked.size() + model_.dead.size() + model_.parked.size() + real_.held() + left)
      return "something was lost";
    if (real_.room() != load_.window - model_.held.size()) return "room";
    if (real_.retrying() != model_.retrying()) return "retrying";
    std::size_t in_flight = 0;
    for (std::uint32_t id = 1; id <= load_.instances; ++id) {
      in_flight += model_.in_flight(InstanceId{id});
      if (real_.in_flight(InstanceId{id}) != model_.in_flight(InstanceId{id})) return "in flight";
    }
    if (real_.in_flight() != in_flight) return "in flight in total";
    bool drained = true;
    for (const auto& [offset, event] : model_.held) {
      drained = drained && event.delivery > 0;
      for (std::uint32_t id = 1; id <= load_.instances && event.holder; ++id) {
        const bool holds = event.holder == InstanceId{id};
        if (real_.holds(InstanceId{id}, offset, event.delivery) != holds) return "holds";
      }
    }
    if (real_.drained() != drained) return "drained";
    const auto oldest = model_.held.empty() ? std::nullopt : std::optional{model_.held.begin()->first};
    return real_.oldest() != oldest ? "oldest" : "";
  }

  // In the end everything is answered, and nothing is left.
  std::string settle_everything() {
    for (std::uint32_t id = 1; id <= load_.instances; ++id) {
      real_.join(InstanceId{id}, 1000, 1'000'000);
      model_.join(InstanceId{id}, {1000, 1'000'000}, false);
    }
    for (int round = 0; round < 1000 && (real_.held() > 0 || !left_.empty()); ++round) {
      now_ += 1'000'000;
      std::string wrong = expire();
      if (wrong.empty()) wrong = offer_late();
      if (wrong.empty()) wrong = hand_over();
      if (wrong.empty() && real_.next_deadline() != model_.next_deadline(now_)) wrong = "next_deadline";
      if (wrong.empty()) wrong = answer(100, 0);
      if (wrong.empty()) wrong = check();
      if (!wrong.empty()) return "at the end: " + wrong;
    }
    return real_.held() == 0 ? "" : "some are never handed over";
  }

  static constexpr LogTime patience = 5'000'000;

  Load load_;
  std::mt19937_64 random_;
  Dispatch real_;
  NaiveDispatch model_;
  LogTime now_ = 1'000'000'000;
  Offset last_offset_ = 0;
  std::size_t offered_ = 0;
  std::map<std::uint64_t, std::deque<Offer>> left_;  // by key, what was let go and what came after it
};

void walk(const Load& load, int walks) {
  for (int seed = 1; seed <= walks; ++seed) {
    CAPTURE(seed);
    REQUIRE(Walk(load, static_cast<std::uint64_t>(seed)).run() == "");
  }
}

}  // namespace

TEST_CASE("dispatch does what its naive model does: few keys, much trouble") {
  walk({.window = 24, .keys = 5, .instances = 3, .credit = 6, .batch = 8, .trouble = 40, .steps = 500}, 120);
}

TEST_CASE("dispatch does what its naive model does: some instances say what they have begun") {
  walk({.window = 24,
        .keys = 5,
        .instances = 4,
        .credit = 20,
        .batch = 8,
        .trouble = 50,
        .steps = 500,
        .tells = true},
       120);
}

TEST_CASE("dispatch does what its naive model does: one instance, trouble now and then") {
  walk({.window = 40, .keys = 10, .instances = 1, .credit = 40, .batch = 20, .trouble = 4, .steps = 500}, 60);
}

TEST_CASE("dispatch does what its naive model does: many keys, two instances that come and go") {
  walk({.window = 30, .keys = 100, .instances = 2, .credit = 20, .batch = 10, .trouble = 15, .steps = 500},
       60);
}

TEST_CASE("dispatch does what its naive model does: keys that park behind their dead letters") {
  walk({.window = 40,
        .keys = 8,
        .instances = 2,
        .credit = 10,
        .batch = 12,
        .trouble = 30,
        .steps = 500,
        .parks = true},
       60);
}

TEST_CASE("dispatch does what its naive model does: one instance works, the others stand by") {
  walk({.window = 40,
        .keys = 12,
        .instances = 3,
        .credit = 20,
        .batch = 12,
        .trouble = 20,
        .steps = 500,
        .exclusive = true},
       40);
}

TEST_CASE("dispatch does what its naive model does: a service that may have few in flight") {
  walk({.window = 40,
        .keys = 12,
        .instances = 3,
        .credit = 20,
        .batch = 12,
        .trouble = 20,
        .steps = 500,
        .in_flight_max = 5},
       40);
}

TEST_CASE("dispatch does what its naive model does: a window large enough to be compacted") {
  walk({.window = 1500,
        .keys = 600,
        .instances = 3,
        .credit = 600,
        .batch = 400,
        .trouble = 5,
        .steps = 150,
        .checks_every = 25},
       8);
}
