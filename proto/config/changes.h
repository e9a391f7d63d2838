// What differs between two configurations, and whose it is to take that up: what a reload needs to know.
//
//   for (const Change& change : changes_between(running, wanted)) …
//   {"services.payments.retry", Program::broker, Taking::at_once}
//   {"topics.order.placed.type", Program::broker, Taking::restart}
//
// Broker and tracker take up what they can while they run. What they cannot is not half of a reload: it is
// refused whole, with the places named. The other programs read the file when they start, so that for them
// every difference is one for a restart.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.h"

namespace reel::config {

enum class Program : std::uint8_t { broker, tracker, gateway, alerts, adapters };

/// "reel-broker"
[[nodiscard]] std::string_view name_of(Program program);

enum class Taking : std::uint8_t {
  at_once,  ///< while the program runs
  restart,  ///< when it starts
};

struct Change {
  /// The place in the file, by its keys; "topics.order.placed: added".
  std::string what;
  Program program = Program::broker;
  Taking taking = Taking::at_once;

  friend bool operator==(const Change&, const Change&) = default;
};

/// In the order of the file's sections. What only warns, or stands elsewhere in the file, is no difference.
[[nodiscard]] std::vector<Change> changes_between(const Model& before, const Model& after);

/// Of these the ones that `program` takes up so, as text.
[[nodiscard]] std::vector<std::string> changes_of(const std::vector<Change>& changes, Program program,
                                                  Taking taking);
/// What programs besides broker and tracker must be restarted for: "reel-gateway: topics".
[[nodiscard]] std::vector<std::string> restarts_of(const std::vector<Change>& changes);

/// Changes that are told one by one; how many more there are is told in the last one's place.
inline constexpr std::size_t told_changes_max = 200;
[[nodiscard]] std::vector<std::string> at_most(std::vector<std::string> changes, std::size_t most);

}  // namespace reel::config
