// The judge: what an event, or the passing of time, means for one flow.
//
// The rules, case by case, are docs/flows.md; here they are as code. Sans-IO and without state of its own:
// flow in, flow and verdicts out, so the same events give the same verdicts whatever happened in between.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "tracker/flow.h"

namespace reel::tracker {

/// A verdict that the world is told of.
struct Judgement {
  enum class Kind : std::uint8_t { overdue, resolved, completed };
  Kind kind = Kind::overdue;
  DefinitionIndex definition = 0;
  std::uint16_t rule = 0;
  std::string correlation;  ///< text, as are the ids below
  /// The event that armed the expectation, or with which a completed flow began to be judged: nothing.
  std::string after_id;
  std::uint64_t after_offset = 0;
  /// The event that resolved or completed; empty for overdue.
  std::string by_id;
  Name by_topic = 0;
  std::uint64_t armed_at = 0;  ///< for completed: since when the flow was judged
  std::uint64_t deadline = 0;
  std::uint64_t at = 0;       ///< log time of the resolving or completing event
  std::uint32_t seen = 0;     ///< bits of an all_of that had come
  std::uint32_t ordinal = 0;  ///< which completion, from 1
  std::uint32_t overdue = 0;  ///< of a completed flow
  std::uint32_t met_late = 0;
  bool detected_late = false;
};

class Judge {
 public:
  Judge(const DefinitionSet& definitions, std::vector<Judgement>& verdicts)
      : definitions_{definitions}, verdicts_{verdicts} {}

  /// The flow has a new last step, of a topic with these roles.
  void see(Flow& flow, std::span<const Role> roles, const Step& step);
  /// All events with log time <= `upto` were seen: what was due by then and has not come is overdue.
  void fall_due(Flow& flow, std::uint64_t upto, bool detected_late);

 private:
  Instance* begin(Flow& flow, const Role& role, const Step& step);
  void arm(Flow& flow, Instance& instance, std::uint16_t rule, const Step& step);
  void meet(Flow& flow, Instance& instance, const Role::Met& met, const Step& step);
  void settle(Flow& flow, Instance& instance, Claim& claim, const Step& step);
  void cancel_waiting(Flow& flow, Instance& instance, const Step& step);
  void complete(Flow& flow, Instance& instance, const Step& step);
  Judgement about(const Flow& flow, const Claim& claim, Judgement::Kind kind) const;

  const DefinitionSet& definitions_;
  std::vector<Judgement>& verdicts_;
};

}  // namespace reel::tracker
