// Which events of the journal one service is owed: what its patterns match from where they begin, without
// what was settled before the broker started.
//
//   Interest interest{topic_of_its_redeliveries, record, recovered_end};
//   interest.set_patterns(patterns);
//   if (!interest.asks_about(offset) || interest.wants(offset, run.topic)) …
//
// A topic that only patterns without an instance match is held back: it is fed and handed to nobody, until an
// instance names the pattern or it is the service's no longer.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dispatch/dispatch.h"
#include "ledger/ledger.h"

namespace reel::broker {

class Interest {
 public:
  /// `before`: what the ledger knows of the service, and goes on learning; null where it knew nothing at this
  /// start. Asked about what stands before `recovered_end`: of what came later nothing was settled by anybody
  /// before.
  Interest(std::string redelivery_topic, const ServiceRecord* before, Offset recovered_end)
      : redelivery_topic_{std::move(redelivery_topic)}, before_{before}, recovered_end_{recovered_end} {}

  /// Events before a pattern's begin_of their topic are not wanted under it.
  void set_patterns(std::vector<v1::Pattern> patterns);
  [[nodiscard]] const std::vector<v1::Pattern>& patterns() const { return patterns_; }
  [[nodiscard]] const std::string& redelivery_topic() const { return redelivery_topic_; }

  /// Whether more than the topic decides about what stands there.
  [[nodiscard]] bool asks_about(Offset offset) const {
    return offset < patterns_from_ || offset < recovered_end_;
  }
  [[nodiscard]] bool wants(Offset offset, std::string_view topic) const;
  /// How it failed before this start, where it still waits for another attempt: it goes on, whatever the
  /// patterns say now. Null where it did not.
  [[nodiscard]] const v1::Failure* failed_before(Offset offset) const;

  /// Of the patterns, those that no instance names. What is held back no longer is in `dispatch`, and is
  /// tried at once or withdrawn.
  void hold_back(std::vector<std::string> unnamed, Dispatch& dispatch);
  [[nodiscard]] bool holds_back(std::string_view topic) const;
  /// The event is in the dispatch's window, and not due before it is let go.
  void note_held_back(std::string_view topic, Offset offset) {
    held_back_[std::string{topic}].push_back(offset);
  }

 private:
  const std::string redelivery_topic_;
  const ServiceRecord* before_;
  const Offset recovered_end_;
  std::vector<v1::Pattern> patterns_;
  Offset patterns_from_ = 0;  // at and behind this offset every pattern applies
  std::set<std::string, std::less<>> unnamed_;
  std::map<std::string, std::vector<Offset>, std::less<>> held_back_;  // by topic
};

}  // namespace reel::broker
