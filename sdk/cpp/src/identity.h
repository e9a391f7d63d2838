// Who a program is on the bus: its service's name, its own among the instances, and what its events call
// their source.
#pragma once

#include <string>

#include "reel/options.h"
#include "reel/v1/wire.pb.h"

namespace reel::sdk {

struct Identity {
  std::string service;
  std::string instance;
  std::string source;  // "payments/1f3a9c": service, and the instance's name or the end of its UUID

  [[nodiscard]] v1::Hello hello() const;
};

/// Throws std::invalid_argument where the name, or an endpoint in `options`, is not one.
[[nodiscard]] Identity identify(const std::string& service, const Options& options);

/// Throws std::invalid_argument, with an example, where ZeroMQ could not make sense of it.
void check_endpoint(const std::string& endpoint);

}  // namespace reel::sdk
