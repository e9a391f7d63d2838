#include "walk.h"

#include <algorithm>
#include <random>

#include "claims.h"
#include "instances.h"
#include "operators.h"
#include "publishers.h"
#include "scene.h"

namespace reel::broker::test {
namespace {

class Walk {
 public:
  explicit Walk(const Load& load) : scene_{load}, at_stall_{scene_.naive} {
    publishers_.open();
    instances_.join("payments", "payments-1", 8, false, patterns_of("payments"));
    instances_.join("stock", "stock-1", 8, false, patterns_of("stock"));
    scene_.looks("");
  }

  Outcome run(const std::vector<Step>& steps) {
    for (const auto& step : steps) {
      scene_.draws(step.drawn);
      take(step.kind);
      if (!scene_.wrong.empty()) break;
    }
    if (scene_.wrong.empty()) settle_everything();
    if (scene_.wrong.empty()) scene_.looks(wrong_books(scene_.whole_log));
    return {scene_.wrong, scene_.history};
  }

 private:
  void take(StepKind kind) {
    const bool waits_for_the_disk = scene_.world.stalled();
    switch (kind) {
      case StepKind::publish: return publishers_.publish();
      case StepKind::publish_again: return publishers_.publish_again();
      case StepKind::answer: return instances_.answer(85, 25);
      case StepKind::answer_late: return instances_.answer_late();
      case StepKind::time: return instances_.pass(scene_.one_in(6) ? 1 + scene_.upto(60) : scene_.upto(8));
      case StepKind::leave:
      case StepKind::die:
      case StepKind::hang: return instances_.end(kind);
      case StepKind::go_on: return waits_for_the_disk ? go_on() : void();
      case StepKind::restart: return restart();
      default: break;
    }
    if (waits_for_the_disk) return;  // whoever waits for answers gets none
    switch (kind) {
      case StepKind::join: return instances_.join_somebody();
      case StepKind::join_again: return instances_.join_again();
      case StepKind::change: return instances_.change();
      case StepKind::pause:
      case StepKind::resume: return operators_.pause(kind == StepKind::resume);
      case StepKind::redrive:
      case StepKind::discard: return operators_.letters(kind == StepKind::redrive);
      case StepKind::retry_now:
      case StepKind::give_up: return operators_.hurry(kind == StepKind::retry_now);
      case StepKind::replay: return operators_.replay();
      case StepKind::cancel: return operators_.cancel();
      case StepKind::forget: return operators_.forget();
      case StepKind::stall:
      case StepKind::fill: return stall(kind == StepKind::fill);
      case StepKind::snapshot:
        scene_.say("a snapshot is written");
        scene_.world.snapshots();
        return scene_.looks("");
      case StepKind::retain: return retain();
      default: return;
    }
  }

  void stall(bool full) {
    scene_.say(full ? "the disk is full" : "the disk stalls");
    scene_.world.stalls(full);
    scene_.looks("");
    at_stall_ = scene_.naive;
    scene_.naive.stalls(full);
  }
  void go_on() {
    scene_.say("the disk goes on");
    scene_.world.goes_on();
    scene_.naive.goes_on();
    scene_.looks("");
  }
  void retain() {
    scene_.say("old segments are deleted");
    scene_.naive.retained(scene_.world.retains());
    scene_.looks("");
  }
  void restart() {
    const bool loses = scene_.world.stalled() && scene_.one_in(2);
    const bool forgets = scene_.one_in(2);
    scene_.say(std::string{"the broker is killed"} + (loses ? ", and has lost what was not written" : ""));
    scene_.naive.restarts(loses ? &at_stall_ : nullptr);
    scene_.world.restarts(loses, forgets);
    publishers_.open();
    scene_.looks("");
  }

  // In the end everything is handled, in order, and nothing is left.
  void settle_everything() {
    if (scene_.world.stalled()) go_on();
    scene_.draws(1);
    instances_.pass(45);  // nobody is punished for what the disk did
    for (const auto& service : {"payments", "stock", "mail"}) {
      if (!scene_.naive.services[service].known()) continue;
      operators_.resume(service);
      instances_.join(service, std::string{service} + "-9", 10, false, patterns_of(service));
    }
    for (int round = 0; round < 1'000 && scene_.wrong.empty(); ++round) {
      instances_.pass(11);
      bool any_left = false;
      for (auto& [name, service] : scene_.naive.services) {
        std::set<Place> letters_left;
        for (const auto& [place, key] : service.dead) letters_left.insert(place);
        if (!letters_left.empty() && scene_.wrong.empty()) operators_.letters(name, letters_left, true);
        const auto instances = service.instances;
        for (const auto& one : instances) {
          if (scene_.wrong.empty()) instances_.answer(one.session, name, 100, 0);
        }
        any_left = any_left || first_owed(service) != nullptr || !service.dead.empty() ||
                   !service.replayed_to_read.empty();
      }
      if (!any_left) return;
    }
    for (const auto& [name, service] : scene_.naive.services) {
      if (const auto* const owed = first_owed(service)) {
        return scene_.looks(name + " is never handed the event at " + std::to_string(owed->offset));
      }
      if (!service.dead.empty()) scene_.looks(name + " has letters for ever");
    }
  }

  static const NaiveBroker::Owed* first_owed(const NaiveBroker::Service& service) {
    for (const auto& owed : service.line) {
      if (!service.withdrawn.contains(owed.place) || !owed.holder.empty()) return &owed;
    }
    return nullptr;
  }

  Scene scene_;
  NaiveBroker at_stall_;
  Publishers publishers_{scene_};
  Instances instances_{scene_};
  Operators operators_{scene_};
};

}  // namespace

std::vector<Step> steps_of(const Load& load, std::uint64_t seed) {
  std::vector<unsigned> weights;
  for (const auto& [kind, weight] : load.kinds) weights.push_back(weight);
  std::discrete_distribution<std::size_t> draw{weights.begin(), weights.end()};
  std::mt19937_64 random{seed};
  std::vector<Step> steps;
  for (std::size_t i = 0; i < load.steps; ++i) steps.push_back({load.kinds[draw(random)].first, random()});
  return steps;
}

Outcome walk(const Load& load, const std::vector<Step>& steps) {
  return Walk{load}.run(steps);
}

std::vector<Step> fewest(const Load& load, std::vector<Step> steps) {
  int walks_left = 600;
  for (auto portion = std::max<std::size_t>(1, steps.size() / 2); walks_left > 0;) {
    bool any_left_out = false;
    for (std::size_t from = 0; from < steps.size() && walks_left > 0; --walks_left) {
      auto without = steps;
      const auto begin = without.begin() + static_cast<std::ptrdiff_t>(from);
      without.erase(begin, begin + static_cast<std::ptrdiff_t>(std::min(portion, steps.size() - from)));
      if (walk(load, without).wrong.empty()) {
        from += portion;
      } else {
        steps = std::move(without);
        any_left_out = true;
      }
    }
    if (portion == 1 && !any_left_out) break;
    portion = std::max<std::size_t>(1, portion / 2);
  }
  return steps;
}

}  // namespace reel::broker::test
