// Verdicts as events: what is published for a judgement, under an id that depends on nothing but what was
// judged. Judging the same again, after a crash or on another machine, makes the same event, and a broker
// that has it already says so.
#pragma once

#include <string>
#include <vector>

#include "event/system_topics.h"
#include "reel/v1/query.pb.h"
#include "tracker/judge.h"
#include "tracker/store.pb.h"

namespace reel::tracker {

inline constexpr std::string_view warning_topic = "reel.flow.warning";
inline constexpr std::string_view overdue_topic = "reel.flow.overdue";
inline constexpr std::string_view violated_topic = "reel.flow.violated";
inline constexpr std::string_view resolved_topic = "reel.flow.resolved";
inline constexpr std::string_view completed_topic = "reel.flow.completed";
inline constexpr std::string_view waived_topic = "reel.flow.waived";

/// Appends what to publish: one event, and for an overdue one also that of `on_overdue: {publish: …}`.
void events_of(const Judgement& verdict, const DefinitionSet& definitions, const Names& names,
               std::vector<stored::Outgoing>& out);

/// The id of the reel.flow.overdue about the same expectation of the same flow.
[[nodiscard]] std::string overdue_id_of(const Judgement& verdict, const DefinitionSet& definitions);

/// The topics an expectation still waits for, given what it has seen. any_of: all of them.
[[nodiscard]] std::vector<std::string> missing_of(const Rule& rule, std::uint32_t seen, const Names& names);

}  // namespace reel::tracker
