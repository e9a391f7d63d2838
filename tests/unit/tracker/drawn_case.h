// Random definitions and traces for the tracker's properties: few topics, few values and few distances in
// time, so that the rules collide often.
#pragma once

#include <random>
#include <string>

#include "naive_judge.h"

namespace reel::tracker::bench {

using naive::Definitions;
using naive::Said;
using naive::Told;
using naive::Trace;

struct Case {
  Definitions definitions;
  Trace trace;
  std::uint64_t upto = 0;

  [[nodiscard]] std::string text() const;
};

[[nodiscard]] Case drawn_case(std::mt19937_64& random);
[[nodiscard]] std::string json_of(const Said& event);

/// The smallest case found that `fails` too, by leaving out events and expectations one by one.
template <typename Fails>
Case shrunk(Case found, const Fails& fails) {
  const auto shorten = [&](const auto& list) {
    bool any = false;
    for (std::size_t i = list(found).size(); i-- > 0;) {
      Case smaller = found;
      list(smaller).erase(list(smaller).begin() + static_cast<std::ptrdiff_t>(i));
      if (!fails(smaller)) continue;
      found = std::move(smaller);
      any = true;
    }
    return any;
  };
  const auto trace = [](Case& of) -> Trace& { return of.trace; };
  for (bool any = true; any;) {
    any = shorten(trace);
    for (const auto& [name, unused] : Definitions{found.definitions}) {
      const auto rules = [&](Case& of) -> std::vector<config::Expectation>& {
        return of.definitions.at(name).expect;
      };
      any = shorten(rules) || any;
    }
  }
  return found;
}

}  // namespace reel::tracker::bench
