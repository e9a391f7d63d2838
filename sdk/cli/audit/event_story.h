// What became of one event: where it was accepted, who was to get it, and how each delivery of it ended.
//
//   EventStory story{interests};
//   story.begin(event);                           // the event itself, as it stands in the journal
//   story.see(later);                             // every event behind it, in offset order
//   if (story.settled()) …                        // nobody is owed anything any more
//   story.finish(now);
//
// Put together from the ledger's records alone. A service is part of it where its patterns matched the event,
// and where a record says that the event was handed to it. Pure. Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cli/audit/interests.h"

namespace reel::cli {

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

/// An event that this one led to: derived by a route, or published while it was handled.
struct StoryEffect {
  std::uint64_t offset = 0;
  std::uint64_t time = 0;
  std::string topic;
  std::string id;
  std::string source;
};

/// Before it took its place in the journal, it was kept until it was due.
struct StoryKept {
  std::uint64_t offset = 0;
  std::uint64_t time = 0;
  std::uint64_t due = 0;
  std::string cancelled_by;
  std::uint64_t cancelled_at = 0;
};

struct StoryHead {
  std::uint64_t offset = 0;  ///< 0: it is kept still, or was cancelled
  std::uint64_t time = 0;
  std::string id;
  std::string topic;
  std::string source;
  std::string correlationid;
  std::string causationid;
};

class EventStory {
 public:
  /// `interests` must know the subscriptions from the event's offset on.
  explicit EventStory(Interests& interests) : interests_{interests} {}

  void begin(const StreamEvent& event);
  /// Instead of begin(): the event does not stand in the journal, it is kept until it is due.
  void begin_kept(StoryHead head) { head_ = std::move(head); }
  void see(const StreamEvent& event);
  /// Nobody is owed the event any more, and nobody's dead letter may be redriven.
  [[nodiscard]] bool settled() const;
  /// It is told up to this log time.
  void finish(std::uint64_t now);

  [[nodiscard]] const StoryHead& head() const { return head_; }
  [[nodiscard]] const std::vector<StoryEffect>& effects() const { return effects_; }
  [[nodiscard]] std::vector<const StoryPart*> parts() const;  ///< services by name, the system's own last
  [[nodiscard]] std::uint64_t now() const { return now_; }
  /// At most this many effects are kept; an event that leads to more is a flow to look at.
  static constexpr std::size_t effects_max = 100;

 private:
  struct Part {
    StoryPart told;
    std::uint64_t until = 0;  // wanted no more from the record at this offset on
    std::uint64_t state_time = 0;
    std::vector<std::uint64_t> identities;  // the event's offset, and those of its redeliveries
  };
  struct Who {
    std::string by;
    std::string note;
  };

  Part& part_of(const std::string& service);
  void take(const v1::DeliveryReport& report, const StreamEvent& at);
  void take(const v1::Failure& failure, Part& part, const StreamEvent& at, const std::string& instance);
  void take(const v1::Command& command, const StreamEvent& at);
  void redeliver(const std::string& service, const v1::RedeliveryRecord& record, const StreamEvent& at);
  void change_subscription(const std::string& service, const StreamEvent& at);
  void add(Part& part, StoryStep step, PartState state);
  void note(Part& part, StoryStep step) { part.told.steps.push_back(std::move(step)); }

  Interests& interests_;
  StoryHead head_;
  std::map<std::string, Part> parts_;
  std::map<std::uint64_t, Who> commands_;  // by offset: a redelivery names the one that asked for it
  std::vector<StoryEffect> effects_;
  std::uint64_t now_ = 0;
};

}  // namespace reel::cli
