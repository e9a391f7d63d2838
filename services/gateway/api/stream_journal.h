// The journal, read through the broker by an ephemeral subscription: nothing is remembered, nobody is
// disturbed.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "story/journal.h"

namespace reel::gateway {

struct StreamJournalOptions {
  std::vector<std::string> brokers;
  /// How long the broker may take to answer at all.
  std::chrono::milliseconds connect_timeout{3'000};
  /// How long reading may take: a flow with a dead letter is followed to the journal's end. Longer than
  /// people wait for a page, shorter than proxies do.
  std::chrono::milliseconds time_max{20'000};
};

class StreamJournal : public story::Journal {
 public:
  explicit StreamJournal(StreamJournalOptions options) : options_{std::move(options)} {}

  /// Throws NotReachable, and Refused where the broker refuses or the time is over. Any thread.
  std::uint64_t read(const story::JournalReading& reading,
                     const std::function<bool(const StreamEvent&)>& each) const override;

 private:
  StreamJournalOptions options_;
};

}  // namespace reel::gateway
