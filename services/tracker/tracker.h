// The tracker: events in offset order and the passing of log time in, verdicts out. A sans-IO state machine.
//
//   Tracker tracker{definitions, names};
//   tracker.see({.offset = 7, .log_time = t, .id = …, .correlationid = …, .topic = "order.placed", …});
//   tracker.advance(watermark);            // everything up to this log time was seen
//   for (const Judgement& verdict : tracker.take_verdicts()) …
//
// Whoever has several events gives them at once: while one is judged, the flows of the next are fetched.
//
// Time is log time. A deadline d is judged when the tracker knows everything up to d: when it sees an event
// with a later log time, or is told a watermark of d or more. So an event at exactly the deadline is in time,
// however events are cut into batches, and a backlog never raises a false alarm.
//
// An event counts once: offsets that were handled are ignored, and so is a second event of the same source
// and id within a flow. The system's own events (reel.*) are not steps; one of them is heeded,
// reel.flow.waived.
//
// A flow whose first event (its own, whatever its parts have said before) names another is a part of that
// one: where it begins under a definition the other gets a step, and where it completes, what the other has
// expected of it.
//
// Flows that wait for nothing may be put away (rest) once they are saved; an event for a flow that is not in
// memory asks the archive. One thread.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reel/v1/flow.pb.h"
#include "tracker/emitters.h"
#include "tracker/flow_table.h"
#include "tracker/judge.h"
#include "tracker/orphans.h"
#include "tracker/reapplication.h"
#include "tracker/strays.h"
#include "tracker/tally.h"
#include "tracker/wheel.h"

namespace reel::tracker {

/// An event's envelope, as much of it as is judged. Views are not kept.
struct EventSeen {
  std::uint64_t offset = 0;
  std::uint64_t log_time = 0;
  std::string_view id;
  std::string_view correlationid;
  std::string_view causationid;
  std::string_view topic;
  std::string_view source;
  std::uint64_t time = 0;
  std::string_view partitionkey;
  std::string_view subject;
  std::string_view parent;  ///< correlation id of the flow that this event's flow is a part of; on its first
  bool replayed = false;    ///< came of a replay: it may meet an expectation, and arms none
  std::string_view data = {};  ///< the payload, where it came along
  /// What definitions may ask of the event; needed for DefinitionSet::topics_judged_by_content only.
  JudgedEvent* content = nullptr;
};

/// A flow as the archive keeps it.
struct ArchivedFlow {
  std::string record;
  std::vector<std::string> earlier;  ///< chunks of steps before the record's
};

/// Where flows are that are not in memory.
class FlowArchive {
 public:
  virtual ~FlowArchive() = default;
  /// By packed correlation id.
  [[nodiscard]] virtual std::optional<ArchivedFlow> find(std::string_view correlation) = 0;
};

/// Parts within parts that are put in order where they are due at the same time.
inline constexpr std::uint32_t part_depth_max = 32;

class Tracker {
 public:
  /// Without an archive, flows never leave memory.
  Tracker(const DefinitionSet& definitions, Names& names, FlowArchive* archive = nullptr);

  /// Goes on where an earlier run was saved.
  void resume(std::uint64_t handled_offset, std::uint64_t watermark, Tally tally);
  /// A saved flow that may wait for something. Those that wait for nothing need not be loaded.
  void load(const ArchivedFlow& flow);

  void see(const EventSeen& event) { see(std::span{&event, 1}); }
  void see(std::span<const EventSeen> events);
  void advance(std::uint64_t watermark);

  /// The tracker was away until this log time: deadlines up to it are judged all the same, and say that they
  /// were detected late.
  void set_stopped_until(std::uint64_t log_time) { stopped_until_ = log_time; }

  [[nodiscard]] std::vector<Judgement> take_verdicts() { return std::exchange(verdicts_, {}); }

  [[nodiscard]] std::uint64_t handled_offset() const { return handled_offset_; }
  /// Deadlines up to this log time are judged.
  [[nodiscard]] std::uint64_t watermark() const { return judged_upto_; }
  [[nodiscard]] const Tally& tally() const { return tally_; }
  /// Since the start.
  [[nodiscard]] const EdgeTimes& times() const { return times_; }
  /// What the broker was asked about a verdict that something is overdue: why.
  void note_cause(DefinitionIndex definition, std::uint16_t rule, v1::CauseKind cause) {
    times_.overdue_for(definitions_, definition, rule, cause);
  }
  /// The flow was deleted from the archive: it is counted no more and leaves memory. It must be saved and
  /// wait for nothing.
  void forget(const Flow& flow);
  [[nodiscard]] std::uint64_t duplicates() const { return duplicates_; }
  /// How often a claim was asked whether an event is for it, since the start.
  [[nodiscard]] std::uint64_t claims_asked() const { return judge_.asked(); }
  /// The flow with this packed id moves to the newest versions of its definitions. False where it stays as it
  /// was; reapplication.h.
  bool reapply(std::string_view correlation);
  /// How much such an event would waive now; nothing where there is no such flow.
  [[nodiscard]] std::optional<std::size_t> would_waive(const v1::FlowWaived& said);
  /// What was overdue and was waived since the start.
  [[nodiscard]] std::uint64_t waived() const { return waived_; }
  [[nodiscard]] std::size_t timers() const { return wheel_.size(); }

  /// Flows that had an event since the last call and wait for something: at most a hundred thousand.
  [[nodiscard]] std::vector<FlowTable::Handle> take_waiting() { return std::exchange(waiting_, {}); }

  /// Who emits what, and what came under no flow that wanted it: for finding causes.
  [[nodiscard]] const Emitters& emitters() const { return emitters_; }
  [[nodiscard]] Emitters& emitters() { return emitters_; }
  [[nodiscard]] const Strays& strays() const { return strays_; }
  [[nodiscard]] const Orphans& orphans() const { return orphans_; }

  /// The flows, for saving.
  [[nodiscard]] FlowTable& flows() { return flows_; }
  [[nodiscard]] const FlowTable& flows() const { return flows_; }
  [[nodiscard]] bool waits(FlowTable::Handle handle) const { return wheel_.armed(handle); }
  /// Looks at up to `slots` places of the table, on from where it stopped, and puts away saved flows that
  /// wait for nothing and had no event since `idle_since`.
  void rest(std::size_t slots, std::uint64_t idle_since);

 private:
  /// An event that is not its turn yet. Its correlation id is a guess: the content may name another.
  struct Coming {
    std::string correlation;  // packed
    FlowTable::Approach flow;
  };
  static constexpr std::size_t ahead = 30;

  void approach(std::span<const EventSeen> events, std::size_t at);
  void see(const EventSeen& event, const Coming& coming);
  [[nodiscard]] FlowTable::Handle known_flow(std::string_view correlation, std::uint32_t hash);
  FlowTable::Handle flow_for(std::string_view correlation, std::uint32_t hash);
  FlowTable::Handle bring_back(const ArchivedFlow& archived);
  [[nodiscard]] bool is_regular(FlowTable::Handle handle);
  void keep_from_regular(std::string& correlation);
  FlowTable::Handle regular_flow(const std::string& name);
  void set_correlation(const EventSeen& event, Name topic, const Coming& coming);
  void see_step(const EventSeen& event, Name topic, std::uint32_t hash);
  void see_waived(const EventSeen& event);
  [[nodiscard]] Waiver waiver_of(const v1::FlowWaived& said) const;
  void see_pulse(const Pulse& pulse, const EventSeen& event, Name topic);
  [[nodiscard]] Step step_of(const EventSeen& event, Name topic, const Flow& flow);
  void judge_upto(std::uint64_t upto);
  void put_in_order(std::uint64_t deadline);
  [[nodiscard]] std::uint32_t depth_below(std::string whole);
  void fall_due(FlowTable::Handle handle, std::uint64_t deadline);
  void note_last(Flow& flow, const Step& step);
  void note_part(const Flow& flow, std::size_t instances_before, std::size_t verdicts_before,
                 const Step& step);
  [[nodiscard]] bool is_first_of_its_own(const Flow& flow, std::uint32_t number) const;
  void tell_wholes();
  void finish(FlowTable::Handle handle, Flow& flow);
  void note_stray(const EventSeen& event, Name topic, const Flow& flow, bool cause_is_near);
  void note_orphan(const EventSeen& event, const Step& step, const Flow& flow, Whereabouts::Home home,
                   bool cause_is_near);
  [[nodiscard]] v1::OrphansReply::Lost lost_by(const Step& step, const Flow& flow, Whereabouts::Home home);
  void add_orphan(const EventSeen& event, v1::OrphansReply::Lost lost, bool has_key);

  /// A flow that is a part of another has begun, or is complete, under a definition.
  struct Part {
    std::string whole;  ///< packed correlation ids
    std::string flow;
    std::string causation;
    Name name = 0;    ///< as which it is expected; event/subflow.h
    Name source = 0;  ///< of the event it began with
    std::uint64_t at = 0;
    bool completed = false;
    bool replayed = false;
  };

  /// One of several flows that are due at exactly the same time, and its place among them.
  struct Due {
    FlowTable::Handle handle = FlowTable::none;
    std::uint32_t depth = 0;    ///< how many flows are around it
    std::uint64_t offset = 0;   ///< of the event that armed what is due first
    DefinitionIndex under = 0;  ///< which definition
  };

  const DefinitionSet& definitions_;
  Names& names_;
  FlowArchive* archive_;
  FlowTable flows_;
  TimerWheel wheel_;
  std::vector<Judgement> verdicts_;
  EdgeTimes times_;
  Judge judge_{definitions_, verdicts_, &times_};
  Reapplication reapplication_{definitions_, verdicts_};
  static constexpr std::size_t waiting_max = 100'000;
  std::vector<FlowTable::Handle> waiting_;
  std::deque<Part> parts_;  // of which their wholes are not told yet
  std::vector<Due> due_;    // at the deadline at hand
  Emitters emitters_{names_};
  Strays strays_;
  Whereabouts whereabouts_;
  Orphans orphans_;
  Tally tally_;
  Standing before_;
  Standing after_;
  std::uint64_t handled_offset_ = 0;
  std::uint64_t latest_ = 0;  // log time of the latest event or watermark
  std::uint64_t judged_upto_ = 0;
  std::uint64_t duplicates_ = 0;
  std::uint64_t waived_ = 0;
  std::uint64_t stopped_until_ = 0;
  FlowTable::Handle rest_at_ = 0;
  std::array<Coming, 32> coming_;  // by place in the batch; longer than `ahead`
  std::string correlation_;        // packed ids of the event at hand
  std::string id_;
  std::string causation_;
};

}  // namespace reel::tracker
