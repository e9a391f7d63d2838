// A frame as it came from a client: its parts are somebody else's, who says for how long.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "reel/v1/wire.pb.h"

namespace reel::broker {

/// What the ROUTER socket calls a connection.
using RoutingId = std::string;

struct Incoming {
  RoutingId routing_id;
  const v1::ToBroker& frame;          ///< FRAME_NOT_SET where the bytes are not a ToBroker
  std::string_view batch;             ///< empty where there was none
  std::shared_ptr<const void> owner;  ///< keeps the batch's bytes alive
};

}  // namespace reel::broker
