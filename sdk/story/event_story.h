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

#include "story/interests.h"
#include "story/part_story.h"

namespace reel::story {

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
  PartStory& part_of(const std::string& service);
  void take(const v1::DeliveryReport& report, const StreamEvent& at);
  void take(const v1::Command& command, const StreamEvent& at);
  void redeliver(const std::string& service, const v1::RedeliveryRecord& record, const StreamEvent& at);
  void change_subscription(const std::string& service, const StreamEvent& at);

  Interests& interests_;
  StoryHead head_;
  std::map<std::string, PartStory> parts_;
  std::map<std::uint64_t, Orderer> commands_;  // by offset: a redelivery names the one that asked for it
  std::vector<StoryEffect> effects_;
  std::uint64_t now_ = 0;
};

}  // namespace reel::story
