// What dispatch and ledger cost for each event: offer, hand over and settle, then report and apply. The
// broker has some 400 ns for the whole path of an event at a million a second.
//
//   build/release/bin/dispatch_bench
#include <time.h>

#include <chrono>
#include <cstdio>
#include <deque>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "dispatch/dispatch.h"
#include "ledger/ledger.h"

using namespace reel;
using namespace reel::broker;

namespace {

constexpr std::size_t batch = 1000;
constexpr std::size_t window = 100'000;
constexpr std::uint32_t credit_events = 4096;
constexpr std::uint32_t credit_bytes = 64u << 20;
constexpr LogTime tick = 1'000'000;  // a millisecond for each batch: a million events a second

// The processor's time, so that a busy machine does not count.
struct Clock {
  static std::chrono::nanoseconds now() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
  }
};

struct Scenario {
  const char* name;
  std::uint32_t instances;
  std::uint64_t keys;
  double nacks;
  std::size_t answer_lag;  // batches between hand-over and answer
  std::size_t events;
};

class Timer {
 public:
  void begin() { began_ = Clock::now(); }
  void end() { total_ += Clock::now() - began_; }
  [[nodiscard]] double ns_per(std::size_t events) const {
    return std::chrono::duration<double, std::nano>(total_).count() / static_cast<double>(events);
  }

 private:
  std::chrono::nanoseconds began_{0};
  std::chrono::nanoseconds total_{0};
};

// An instance's answer to what it was handed in one round: acks as ranges, a few nacks.
struct Answer {
  InstanceId instance{};
  std::vector<AckRange> acks;
  std::vector<Nack> nacks;
};

std::vector<Answer> answers_to(const std::vector<HandOver>& handed, double nacks, std::mt19937_64& random) {
  std::map<InstanceId, Answer> by_instance;
  std::bernoulli_distribution fails{nacks};
  for (const HandOver& one : handed) {
    Answer& answer = by_instance[one.instance];
    answer.instance = one.instance;
    if (nacks > 0 && one.attempt == 1 && fails(random)) {
      answer.nacks.push_back({.offset = one.offset, .delivery = one.delivery, .error_type = "Oops"});
    } else if (!answer.acks.empty() && answer.acks.back().delivery == one.delivery &&
               answer.acks.back().first + answer.acks.back().count == one.offset) {
      ++answer.acks.back().count;
    } else {
      answer.acks.push_back({one.offset, 1, one.delivery});
    }
  }
  std::vector<Answer> answers;
  for (auto& [instance, answer] : by_instance) answers.push_back(std::move(answer));
  return answers;
}

void measure(const Scenario& scenario) {
  std::mt19937_64 random{1};
  Dispatch dispatch{config::Service{}, window, 1};
  for (std::uint32_t id = 1; id <= scenario.instances; ++id) {
    dispatch.join(InstanceId{id}, credit_events, credit_bytes);
  }
  Ledger ledger;
  Timer in_dispatch;
  Timer in_ledger;
  std::deque<std::vector<Answer>> outstanding;
  Offset next = 1;
  LogTime now = 1;
  std::size_t settled = 0;
  std::size_t ranges = 0;
  while (settled < scenario.events) {
    now += tick;
    std::vector<Offer> offers;
    for (std::size_t i = 0; i < std::min(batch, dispatch.room()); ++i) {
      offers.push_back(
          {.offset = next++, .key_hash = random() % scenario.keys * 0x9e3779b97f4a7c15, .bytes = 128});
    }
    in_dispatch.begin();
    dispatch.offer(offers);
    const auto handed = dispatch.hand_over(now, 100'000);
    in_dispatch.end();
    outstanding.push_back(answers_to(handed, scenario.nacks, random));
    if (outstanding.size() <= scenario.answer_lag) continue;
    for (const Answer& answer : outstanding.front()) {
      in_dispatch.begin();
      const Settlement settlement = dispatch.settle(answer.instance, answer.acks, answer.nacks, now);
      in_dispatch.end();
      in_ledger.begin();
      const auto report = report_of("bench", "instance", settlement);
      const std::string data = report ? report->SerializeAsString() : "";
      if (report && !ledger.apply({.topic = "reel.delivery", .data = data})) std::abort();
      ledger.raise_floor("bench", dispatch.oldest().value_or(next));
      in_ledger.end();
      for (const auto& range : settlement.acked) settled += range.count();
      ranges += settlement.acked.size();
    }
    outstanding.pop_front();
  }
  std::printf("%-52s dispatch %6.1f ns/event   ledger %6.1f ns/event   %5.1f events/range\n", scenario.name,
              in_dispatch.ns_per(settled), in_ledger.ns_per(settled),
              static_cast<double>(settled) / static_cast<double>(ranges));
}

}  // namespace

int main() {
  const Scenario scenarios[] = {
      {"1 instance, contiguous", 1, 10'000, 0, 2, 5'000'000},
      {"1 instance, 1 % nacks", 1, 10'000, 0.01, 2, 2'000'000},
      {"4 instances, 10,000 keys", 4, 10'000, 0, 2, 3'000'000},
      {"4 instances, a key for each event", 4, ~std::uint64_t{0}, 0, 2, 3'000'000},
      {"4 instances, 10,000 keys, 1 % nacks", 4, 10'000, 0.01, 2, 2'000'000},
      {"4 instances, 100 keys", 4, 100, 0, 2, 2'000'000},
  };
  for (const Scenario& scenario : scenarios) measure(scenario);
}
