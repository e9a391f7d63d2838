// The newest event of each topic, as a value that was published to be looked up. The broker knows where it
// stands, so only that one is read, however long ago it came. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "reel/v1/query.pb.h"

namespace reel::story {

struct NewestEvent {
  std::string topic;
  std::uint64_t offset = 0;
};

/// Of the topics that one of the patterns matches and that have an event, in the broker's order.
[[nodiscard]] std::vector<NewestEvent> newest_events(const v1::TopicsReply& topics,
                                                     const std::vector<std::string>& patterns);

}  // namespace reel::story
