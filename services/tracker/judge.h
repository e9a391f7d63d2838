// The judge: what an event, or the passing of time, means for one flow.
//
// The rules, case by case, are docs/flows.md; here they are as code. Sans-IO and without state of its own:
// flow in, flow and verdicts out, so the same events give the same verdicts whatever happened in between.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tracker/content.h"
#include "tracker/edge_times.h"
#include "tracker/flow.h"

namespace reel::tracker {

/// How a rule about what must not come was broken.
enum class Breach : std::uint8_t { none, forbidden, too_many, too_soon };

/// Items of `each` that a verdict names; the others are counted.
inline constexpr std::size_t told_items_max = 20;

/// A verdict that the world is told of.
struct Judgement {
  enum class Kind : std::uint8_t { warning, overdue, resolved, broken, completed, waived };
  Kind kind = Kind::overdue;
  Breach breach = Breach::none;  ///< of a broken rule
  DefinitionIndex definition = 0;
  std::uint16_t rule = 0;
  ClaimIndex claim = no_claim;  ///< in its flow, which may be cleared since
  std::string correlation;      ///< text, as are the ids below
  /// The event that armed the expectation, or with which a completed flow began to be judged: nothing.
  std::string after_id;
  std::uint64_t after_offset = 0;
  /// The event that resolved, broke, completed or waived; empty for a warning and for overdue.
  std::string by_id;
  Name by_topic = 0;
  std::uint64_t armed_at = 0;  ///< for completed: since when the flow was judged
  std::uint64_t deadline = 0;
  std::uint64_t at = 0;       ///< log time of that event
  std::uint32_t seen = 0;     ///< of an all_of: bits of what had come; otherwise how many
  Items items;                ///< of an `each`
  std::uint32_t ordinal = 0;  ///< which completion, from 1
  std::uint32_t overdue = 0;  ///< of a completed flow
  std::uint32_t met_late = 0;
  std::uint32_t broken = 0;
  bool detected_late = false;
};

/// What a person says nobody need wait for any more.
struct Waiver {
  std::string definition;     ///< empty: of each
  std::vector<Name> missing;  ///< only where one of these is missing; empty: everything
};

class Judge {
 public:
  /// `times`, where there are any to keep, gets what is judged as it is.
  Judge(const DefinitionSet& definitions, std::vector<Judgement>& verdicts, EdgeTimes* times = nullptr)
      : definitions_{definitions}, verdicts_{verdicts}, times_{times} {}

  /// The flow has a new last step, of a topic with these roles. `content`: what the definitions may ask of
  /// it; without it, nothing holds that they ask.
  void see(Flow& flow, std::span<const Role> roles, const Step& step, JudgedEvent* content);
  /// What is owed regularly came once more. It is the flow's only step, in place of the one before.
  void pulse(Flow& flow, DefinitionIndex definition, const Step& step);
  /// All events with log time <= `upto` were seen: what was due by then and has not come is overdue.
  void fall_due(Flow& flow, std::uint64_t upto, bool detected_late);
  /// What is overdue and meant by `waiver` is settled; `step` is the event that says so, and no step of the
  /// flow. How many they were.
  std::size_t waive(Flow& flow, const Waiver& waiver, const Step& step);
  /// How many would be.
  [[nodiscard]] std::size_t meant(const Flow& flow, const Waiver& waiver) const;
  /// How often a claim, or an item of one, was asked whether a B is for it, since the start.
  [[nodiscard]] std::uint64_t asked() const { return asked_; }

  // For who puts a flow together by itself (reapplication.h).

  /// The flow is one of this definition from this step on, whatever the definition asks of it.
  Instance& begin(Flow& flow, DefinitionIndex definition, const Step& step, JudgedEvent* content);
  /// The step is a terminal of the instance's definition.
  void end(Flow& flow, Instance& instance, const Step& step);
  void complete_if_nothing_is_owed(Flow& flow, Instance& instance, const Step& step);

 private:
  void rest(Flow& flow, Instance& left, const Step& step);
  [[nodiscard]] Instance* newer_of(Flow& flow, const Instance& instance) const;
  template <typename Visit>
  void each_left_behind(Flow& flow, const Instance& instance, const Visit& visit);
  Instance* begin(Flow& flow, const Role& role, const Step& step, JudgedEvent* content);
  void arm(Flow& flow, Instance& instance, std::uint16_t rule, const Step& step, JudgedEvent* content);
  void meet(Flow& flow, Instance& instance, const Role::Met& met, const Step& step);
  void consider(Flow& flow, Instance& instance, const Role::Met& met, const Step& step, JudgedEvent* content);
  void look_up(Flow& flow, Instance& instance, const Role::Met& met, const Step& step, JudgedEvent* content);
  void count(Flow& flow, Instance& instance, Claim& claim, const Role::Met& met, const Step& step,
             JudgedEvent* content, std::span<const std::uint32_t> items_at = {});
  void settle(Flow& flow, Instance& instance, Claim& claim, const Step& step);
  [[nodiscard]] bool is_meant(const Flow& flow, const Claim& claim, const Waiver& waiver) const;
  void waive(Flow& flow, Claim& claim, const Step& step);
  static void end_overdue(Instance& instance);
  void tell(const Flow& flow, const Claim& claim, Judgement::Kind kind, const Step& by);
  void close(Flow& flow, Instance& instance, Claim& claim, v1::Verdict verdict, std::uint64_t at);
  void violate(Flow& flow, Instance& instance, Claim& claim, Breach breach, const Step& step);
  void meet_by_time(Flow& flow, Instance& instance, Claim& claim);
  void end_waiting(Flow& flow, Instance& instance, const Step& step);
  void complete(Flow& flow, Instance& instance, const Step& step);
  void fall_due(Flow& flow, Claim& claim, bool detected_late);
  Judgement about(const Flow& flow, const Claim& claim, Judgement::Kind kind) const;

  const DefinitionSet& definitions_;
  std::vector<Judgement>& verdicts_;
  EdgeTimes* times_;
  std::uint64_t asked_ = 0;
};

/// A flow from the archive as it stands at `watermark`: of one that is not in memory time may have decided
/// what is forbidden since it was saved, of which nothing is told.
void bring_up_to(std::uint64_t watermark, const DefinitionSet& definitions, Flow& flow);

}  // namespace reel::tracker
