// A circuit breaker: attempts that fail one after another, whatever the events and whoever made them, are an
// outage behind the handlers. Trying on would use up the attempts of every event that comes by.
//
//   breaker.note(settlement, policy);
//   if (breaker.take_opened()) …                       // pause the service for policy.breaker.pause
//   const auto most = breaker.probes() ? (the last probe is under way ? 0 : 1) : …
//
// When the pause is over, one event at a time finds out how things are: the first one that is handled closes
// the breaker, one that fails opens it again. What is rejected does not count, since that says something of
// the event, nor do lost instances. A restart begins closed.
#pragma once

#include <cstdint>
#include <utility>

#include "config/model.h"
#include "dispatch/dispatch.h"

namespace reel::broker {

class Breaker {
 public:
  /// What ended, while the service is not paused.
  void note(const Settlement& settlement, const config::Service& policy);
  /// It has opened since the last call.
  [[nodiscard]] bool take_opened() { return std::exchange(opened_, false); }
  [[nodiscard]] bool probes() const { return probes_; }

 private:
  std::size_t failed_ = 0;  // since the last ack
  bool opened_ = false;
  bool probes_ = false;
};

}  // namespace reel::broker
