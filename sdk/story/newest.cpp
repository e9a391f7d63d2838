#include "story/newest.h"

#include <algorithm>

#include "event/topic.h"

namespace reel::story {

std::vector<NewestEvent> newest_events(const v1::TopicsReply& topics,
                                       const std::vector<std::string>& patterns) {
  std::vector<NewestEvent> newest;
  for (const auto& topic : topics.topics()) {
    const bool asked_for = std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
      return matches(pattern, topic.topic());
    });
    if (asked_for && topic.newest_offset() != 0) newest.push_back({topic.topic(), topic.newest_offset()});
  }
  return newest;
}

}  // namespace reel::story
