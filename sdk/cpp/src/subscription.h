// SUBSCRIBE from the public options.
#pragma once

#include "reel/start.h"
#include "reel/v1/wire.pb.h"

namespace reel::sdk {

inline v1::Subscribe subscription_from(Start start) {
  v1::Subscribe subscribe;
  switch (start.kind()) {
    case Start::Kind::newest: subscribe.set_from_new(true); break;
    case Start::Kind::oldest: subscribe.set_from_start(true); break;
    case Start::Kind::last: subscribe.set_from_last(true); break;
    case Start::Kind::last_per_topic: subscribe.set_from_last_per_topic(true); break;
    case Start::Kind::offset: subscribe.set_from_offset(start.value()); break;
    case Start::Kind::time: subscribe.set_from_time(start.value()); break;
  }
  return subscribe;
}

}  // namespace reel::sdk
