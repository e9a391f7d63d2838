// What a walk acts on: a broker and its naive model, side by side; chance; and what was done and found so
// far.
#pragma once

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "naive_broker.h"
#include "walk.h"
#include "world.h"

namespace reel::broker::test {

using Place = NaiveBroker::Place;

// Times of policies are milliseconds; these never add up to any of them, so that nobody has to know who was
// first at the same time.
inline constexpr LogTime time_unit = 997'000;

/// What the service `mail` wants.
inline constexpr const char* only_vip = R"({"subject": ["vip"]})";
[[nodiscard]] std::set<std::string> patterns_of(const std::string& service);

class Scene {
 public:
  explicit Scene(const Load& load);

  std::uint64_t upto(std::uint64_t most) { return random_() % (most + 1); }
  bool one_in(std::uint64_t count) { return upto(count - 1) == 0; }
  template <typename Items>
  auto& any(Items& items) {
    return *std::next(items.begin(), static_cast<std::ptrdiff_t>(upto(items.size() - 1)));
  }
  std::string some_service();
  /// What an instance names: all that there is for its service, or, in a walk with changes, something else.
  std::set<std::string> some_patterns_of(const std::string& service);
  /// What is drawn from here on.
  void draws(std::uint64_t seed) { random_.seed(seed); }

  void say(std::string line) { history.push_back(std::move(line)); }
  /// Compares what both made of it, unless something is `wrong` already.
  void looks(std::string wrong);

  const Load load;
  World world;
  NaiveBroker naive;
  std::vector<std::string> history;
  std::vector<Logged> whole_log;
  std::string wrong;  // the first thing that was

 private:
  std::vector<Place> places_to_ask();

  std::mt19937_64 random_;
  std::uint64_t looks_ = 0;
};

}  // namespace reel::broker::test
