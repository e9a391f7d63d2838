// What became of every event of a flow, for every service: one walk through the journal's records for all of
// them.
//
//   FlowDeliveries deliveries{interests, offsets};   // of the flow's events, ascending
//   deliveries.see(event);                           // the flow's events and the ledger's records, in order
//   if (deliveries.settled()) …                      // nothing of it is owed to anybody any more
//   deliveries.finish();
//   for (const StoryPart* part : deliveries.parts(i)) …
//
// A record names ranges of offsets; the flow's events among them are found by search, so a record of a busy
// bus costs the same however long the flow is. The system's own services (the tracker) are left out: every
// event has one. Pure. Not thread-safe.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "story/part_story.h"

namespace reel::story {

class FlowDeliveries {
 public:
  /// `interests` must know the subscriptions from the first offset on. What happened after log time `until`
  /// is left out; records up to report_delay_ns later still tell of what was handed over before.
  FlowDeliveries(Interests& interests, std::vector<std::uint64_t> offsets, std::uint64_t until = for_ever);

  static constexpr std::uint64_t for_ever = std::numeric_limits<std::uint64_t>::max();
  /// The broker reports a handing over with its end, or within a second; as much again for a slow disk.
  static constexpr std::uint64_t report_delay_ns = 2'000'000'000;

  void see(const StreamEvent& event);
  /// All of the flow's events have come by, and nobody is owed one or may be given one again.
  [[nodiscard]] bool settled() const { return passed_ && unsettled_ == 0; }
  void finish();

  /// Of the event with the offset number `index`: services by name.
  [[nodiscard]] std::vector<const StoryPart*> parts(std::size_t index) const;
  /// Events before this offset are not in the journal any more: nothing is known of their deliveries. 0: all
  /// are there.
  [[nodiscard]] std::uint64_t known_from() const { return known_from_; }
  void known_from(std::uint64_t offset) { known_from_ = offset; }
  /// The W3C traceparent of the first event that has one; empty where none has.
  [[nodiscard]] const std::string& traceparent() const { return traceparent_; }

 private:
  struct Again {
    std::size_t index;
    std::string service;
  };

  void begin(std::size_t index, const StreamEvent& event);
  void take(const v1::DeliveryReport& report, const StreamEvent& at);
  void take(const v1::Command& command, const StreamEvent& at);
  void redeliver(const std::string& service, const v1::RedeliveryRecord& record, const StreamEvent& at);
  [[nodiscard]] PartStory* find(std::size_t index, const std::string& service);
  [[nodiscard]] PartStory& part_of(std::size_t index, const std::string& service);

  /// Calls `each` with the index of every event that [first, first + count) names for the service.
  template <class Each>
  void each_named(const std::string& service, std::uint64_t first, std::uint64_t count, Each each);
  template <class Change>
  void change(PartStory& part, Change apply);
  template <class Change>
  void change_all(const std::string& service, Change apply);

  Interests& interests_;
  std::vector<std::uint64_t> offsets_;
  std::vector<std::vector<PartStory>> parts_;  // by index
  std::map<std::uint64_t, Again> again_;       // by the redelivery's offset
  std::map<std::uint64_t, Orderer> commands_;  // by offset: a redelivery names the one that asked for it
  std::string traceparent_;
  std::uint64_t until_;
  std::uint64_t known_from_ = 0;
  std::size_t unsettled_ = 0;
  bool passed_ = false;
};

}  // namespace reel::story
