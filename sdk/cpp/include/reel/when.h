// Which of a topic's events are meant: an event pattern in EventBridge's language, on the envelope and on the
// payload (docs/event-patterns.md).
//
//   service.on<shop::v1::OrderPlaced>("order.placed",
//       reel::When{R"({"data": {"totalCents": [{"numeric": [">=", 100000]}]}})"}, handler);
#pragma once

#include <string>

namespace reel {

struct When {
  /// Empty: all of them.
  std::string json;
};

}  // namespace reel
