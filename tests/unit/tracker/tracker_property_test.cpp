// The tracker against a judge that anyone can follow, over random definitions and traces, and against itself
// when it is disturbed. REEL_SOAK=1 draws thirty times as many; REEL_CASE=N draws that one only.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>

#include "fed_tracker.h"

using namespace reel;
using namespace reel::tracker::bench;

namespace {

// Cases are numbered, and drawn and disturbed by their number alone.
std::uint64_t first_case() {
  const char* only = std::getenv("REEL_CASE");
  return only ? std::strtoull(only, nullptr, 10) : 0;
}
std::uint64_t cases() {
  if (std::getenv("REEL_CASE") != nullptr) return 1;
  return std::getenv("REEL_SOAK") != nullptr ? 100'000 : 3'000;
}

// Each flow's verdicts in their order. Nothing is promised of those of different flows that are due together.
std::vector<std::string> by_flow(std::vector<std::string> verdicts) {
  const auto flow = [](const std::string& verdict) { return verdict.substr(0, verdict.find(' ')); };
  std::stable_sort(verdicts.begin(), verdicts.end(),
                   [&](const auto& one, const auto& other) { return flow(one) < flow(other); });
  return verdicts;
}

// What is wrong with the tracker's word on this case; "" where nothing is.
std::string fault(const Case& drawn, std::uint64_t number) {
  const Told naive = naive::told_of(drawn.definitions, drawn.trace, drawn.upto);
  FedTracker plain{drawn};
  plain.feed(nullptr);
  const Told in_order = plain.told();
  Told told = in_order;
  told.sort();
  if (const auto differs = told.difference(naive); !differs.empty())
    return "the tracker (here) and the naive judge (there):\n" + differs;

  std::mt19937_64 random{number};
  FedTracker disturbed{drawn};
  disturbed.feed(&random);
  Told again = disturbed.told();
  const bool same_order = by_flow(again.verdicts) == by_flow(in_order.verdicts);
  again.sort();
  if (const auto differs = again.difference(told); !differs.empty())
    return "disturbed (here) and undisturbed (there):\n" + differs;
  return same_order ? "" : "disturbed, a flow's verdicts come in another order";
}

}  // namespace

TEST_CASE(
    "the tracker judges as the naive judge does, and restarts, repeats and cuts never change a verdict") {
  const std::uint64_t first = first_case();
  std::uint64_t verdicts = 0;
  std::uint64_t events = 0;
  for (std::uint64_t number = first; number != first + cases(); ++number) {
    std::mt19937_64 random{number};
    const Case drawn = drawn_case(random);
    const auto fails = [&](const Case& some) { return !fault(some, number).empty(); };
    if (fails(drawn)) {
      const Case small = shrunk(drawn, fails);
      FAIL("case " << number << ":\n" << small.text() << fault(small, number));
    }
    events += drawn.trace.size();
    verdicts += naive::told_of(drawn.definitions, drawn.trace, drawn.upto).verdicts.size();
  }
  MESSAGE("events " << events << ", verdicts " << verdicts);
}
