// Deliveries: what the tracker is told of the fate of single deliveries (reel.delivery).
//
// For now they only count; naming the cause of a missing follow-up will walk them.
#pragma once

#include <cstdint>

namespace reel::tracker {

class Deliveries {
 public:
  void see_report(std::uint64_t /*offset*/) { ++reports_; }
  [[nodiscard]] std::uint64_t reports() const { return reports_; }

 private:
  std::uint64_t reports_ = 0;
};

}  // namespace reel::tracker
