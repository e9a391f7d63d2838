// What became of one event for one service: every handing over, how each ended, and what people did about it.
//
//   PartStory part{"payments", offset};
//   part.want(wanted);                            // its patterns matched
//   part.hand_over(delivered, instance, record);  // what the ledger's records say of it, in offset order
//   part.ack(instance, record);
//   part.told().state                             // how it stands between the two
//
// The caller finds out which part a record is about: a report names offsets, and an event has several, its
// own and those of its redeliveries. Pure. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "story/interests.h"

namespace reel::story {

enum class StepKind : std::uint8_t {
  delivered,
  acked,
  nacked,
  timed_out,
  instance_lost,
  dead,
  expired,
  parked,
  redriven,
  resumed,
  replayed,
  discarded,
  retried_now,
  given_up,
  paused,
  unpaused,
  forgotten,
  unsubscribed,
};
[[nodiscard]] std::string_view to_string(StepKind kind);

struct StoryStep {
  StepKind kind{};
  std::uint64_t time = 0;    ///< log time
  std::uint64_t offset = 0;  ///< of the record that says so
  std::string instance;
  std::uint32_t delivery = 0;
  std::uint32_t attempt = 0;
  std::string error_type;
  std::string error;
  std::uint64_t until = 0;  ///< of a failure: the next attempt; of a pause: its end (2^64 - 1: until resumed)
  std::string by;           ///< who told the broker to
  std::string note;
};

/// How it stands between the event and a service.
enum class PartState : std::uint8_t {
  waiting,
  in_flight,
  retrying,
  acked,
  dead,
  parked,
  expired,
  discarded,
  withdrawn,  ///< forgotten, or the pattern was dropped before it was handed over
  doubtful,   ///< its `when` is not understood here, and no record says that it was given the event
};
[[nodiscard]] std::string_view to_string(PartState state);

struct StoryPart {
  std::string service;
  bool matched = false;
  bool doubtful = false;
  PartState state = PartState::waiting;
  std::uint64_t settled_at = 0;  ///< log time of the state, where it is an end
  std::vector<StoryStep> steps;  ///< by time
};

/// Who told the broker to do something, and why.
struct Orderer {
  std::string by;
  std::string note;
};

class PartStory {
 public:
  /// `offset` is the event's.
  PartStory(std::string service, std::uint64_t offset);

  void want(const Wanted& wanted);

  // What a report from `at` says of this event.
  void hand_over(const v1::Delivered& delivered, const std::string& instance, const StreamEvent& at);
  void fail(const v1::Failure& failure, const std::string& instance, const StreamEvent& at);
  void ack(const std::string& instance, const StreamEvent& at);
  void park(const StreamEvent& at);

  /// A command about this service.
  void take(const v1::Command& command, const StreamEvent& at);
  /// The event is handed to this service once more, under the offset of the record `at`.
  void redeliver(v1::Redelivery kind, const Orderer& orderer, const StreamEvent& at);
  void change_subscription(const StreamEvent& at);
  /// Puts the steps into the order of time, once all are there.
  void finish();

  [[nodiscard]] const StoryPart& told() const { return told_; }
  /// The offsets under which records name the event: its own, and those of its redeliveries.
  [[nodiscard]] const std::vector<std::uint64_t>& identities() const { return identities_; }
  /// The service is not owed the event any more, and its dead letter cannot be redriven.
  [[nodiscard]] bool settled() const;

 private:
  void add(StoryStep step, PartState state);
  void note(StoryStep step) { told_.steps.push_back(std::move(step)); }

  StoryPart told_;
  std::uint64_t until_ = 0;  // wanted no more from the record at this offset on
  std::uint64_t state_time_ = 0;
  std::vector<std::uint64_t> identities_;
};

/// Whether a range of a report names the offset.
template <class Range>
[[nodiscard]] bool holds(const Range& range, std::uint64_t offset) {
  return offset >= range.first() && offset - range.first() < range.count();
}

}  // namespace reel::story
