// Which incidents a target wants to hear of: its `when`, for those that did not come through the broker,
// which knows it too. Any thread.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "event/event_pattern.h"
#include "event/payload_parser.h"
#include "reel/v1/flow.pb.h"

namespace reel::alerts {

class Wish {
 public:
  /// `when` was checked when the configuration was read; empty: all of them.
  explicit Wish(const std::string& when);

  /// As if it had just been opened.
  [[nodiscard]] bool wants(const v1::Incident& incident);

 private:
  std::mutex mutex_;
  std::optional<EventPattern> pattern_;
  PayloadParser parser_;
};

}  // namespace reel::alerts
