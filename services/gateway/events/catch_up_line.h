// Who wants events of the past and waits for a feed that reads them, first come first served. Those who want
// nearly the same share one, so that a crowd that comes back after a restart is one reader of the journal and
// not a hundred.
//
//   line.enter({.client = 7, .wanted = request, .wake = wake});
//   const auto group = line.take();        // the first, and who goes with it
//   feed_from(group.begin)…
//
// Sans-IO; not thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

#include "gateway/events/stream_request.h"

namespace reel::gateway {

/// Who wants so many offsets more or less than the first in the line goes with it: reading that far costs
/// less than another subscription.
inline constexpr std::uint64_t catch_up_span = 100'000;

class CatchUpLine {
 public:
  struct Waiting {
    std::uint64_t client = 0;
    StreamRequest wanted;  ///< earliest, or an offset
    std::function<void()> wake;
  };
  struct Group {
    StreamRequest begin;  ///< from where all of them are served
    std::vector<Waiting> clients;
  };

  void enter(Waiting waiting) { line_.push_back(std::move(waiting)); }
  /// It waits no more; nothing where it does not.
  void leave(std::uint64_t client);
  [[nodiscard]] bool empty() const { return line_.empty(); }
  void wake_first() const {
    if (!line_.empty()) line_.front().wake();
  }
  void wake_all() const {
    for (const auto& waiting : line_) waiting.wake();
  }
  /// The first, and all who go with it. Not of an empty line.
  [[nodiscard]] Group take();

 private:
  std::deque<Waiting> line_;
};

}  // namespace reel::gateway
