// Who listens to an event: what a publisher is told as `matched`, and what topics with require_subscriber
// ask.
//
//   const auto listening = audience.of(run.topic);            // once per run
//   const auto matched = audience.of_event(listening, run, event);
//
// Temporary subscriptions and parts of Reel do not count: `counts` says so.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "journal/commit_log.h"
#include "route/router.h"

namespace reel::broker {

class Audience {
 public:
  Audience(Router& router, const CommitLog& log, std::function<bool(ServiceIndex)> counts)
      : router_{router}, log_{log}, counts_{std::move(counts)} {}

  /// Of a topic: those that want all of it, and those to be asked about each event.
  struct OfTopic {
    std::uint32_t sure = 0;
    /// Good until the router is asked or told something else; null where nobody need be asked.
    const ChoosyIndex* choosy = nullptr;
  };
  [[nodiscard]] OfTopic of(std::string_view topic) const;
  /// Of an event that is appended now.
  [[nodiscard]] std::uint32_t of_event(const OfTopic& listening, const StoredRun& run,
                                       const StoredEvent& event) const;

 private:
  Router& router_;
  const CommitLog& log_;
  std::function<bool(ServiceIndex)> counts_;
};

}  // namespace reel::broker
