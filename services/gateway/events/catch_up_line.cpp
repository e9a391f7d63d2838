#include "gateway/events/catch_up_line.h"

#include <algorithm>

namespace reel::gateway {
namespace {

bool goes_with(const StreamRequest& first, const StreamRequest& other) {
  if (other.from != first.from || other.patterns != first.patterns) return false;
  const auto [low, high] = std::minmax(first.offset, other.offset);
  return high - low <= catch_up_span;
}

}  // namespace

void CatchUpLine::leave(std::uint64_t client) {
  std::erase_if(line_, [client](const Waiting& waiting) { return waiting.client == client; });
}

CatchUpLine::Group CatchUpLine::take() {
  Group group{line_.front().wanted, {}};
  const StreamRequest first = group.begin;
  std::deque<Waiting> others;
  for (auto& waiting : line_) {
    if (!goes_with(first, waiting.wanted)) {
      others.push_back(std::move(waiting));
      continue;
    }
    group.begin.offset = std::min(group.begin.offset, waiting.wanted.offset);
    group.clients.push_back(std::move(waiting));
  }
  line_ = std::move(others);
  return group;
}

}  // namespace reel::gateway
