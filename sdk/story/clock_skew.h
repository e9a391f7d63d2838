// How far the clock of a service's machine is from the broker's, from what a flow's events say.
//
//   ClockSkews clocks;
//   clocks.see("payments", made, accepted, cause);   // for each event with a `time`
//   clocks.of("payments").estimate()                 // ns it is ahead; negative: behind; 0: nothing proves
//   it
//
// An event was made before it was accepted, and after its cause was handed to the service (or was accepted,
// where the handing over is not known and somebody else published it). With its `time` by the service's
// clock, and the other two by the broker's, each event gives two bounds on the difference of the clocks:
//
//   time - accepted  ≤  skew  ≤  time - cause
//
// The largest lower bound and the smallest upper bound of all events are what is known: the lower one is the
// minimum difference between `time` and log time, that of the event that was accepted fastest. The estimate
// is the value between them that is nearest to 0, so no more is claimed than the events prove. Where the
// bounds contradict each other, the clock was set meanwhile, or the service's instances have clocks that
// differ (or it chooses the `time` of its events itself).
//
// Nothing is ordered by it: it corrects the one moment that only a service's clock knows (gaps.h). Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace reel::story {

struct ClockSkew {
  std::string service;
  std::uint64_t events = 0;
  std::int64_t at_least = 0;            ///< ns ahead of the broker's clock
  std::optional<std::int64_t> at_most;  ///< nothing where none of its events has a cause

  [[nodiscard]] bool contradictory() const { return at_most && *at_most < at_least; }
  [[nodiscard]] std::int64_t estimate() const;
};

class ClockSkews {
 public:
  /// `made` is by the service's clock; 0: not said. `cause` is 0 where there is none.
  void see(const std::string& service, std::uint64_t made, std::uint64_t accepted, std::uint64_t cause);

  /// Of a service that was not seen: no events, and nothing proven.
  [[nodiscard]] ClockSkew of(const std::string& service) const;
  [[nodiscard]] std::vector<ClockSkew> all() const;  ///< by name

 private:
  std::map<std::string, ClockSkew> skews_;
};

}  // namespace reel::story
