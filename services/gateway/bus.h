// What the gateway asks of the bus, as an interface: the real one has connections, a test has answers.
#pragma once

#include "reel/query.h"
#include "reel/v1/query.pb.h"

namespace reel::gateway {

class Bus {
 public:
  virtual ~Bus() = default;
  /// Throw NotReachable when nobody answers in time; a Reply's `error` is the answerer's sentence. Any
  /// thread.
  [[nodiscard]] virtual v1::Reply ask_broker(v1::Request request) = 0;
  [[nodiscard]] virtual v1::Reply ask_tracker(v1::Request request) = 0;
};

}  // namespace reel::gateway
