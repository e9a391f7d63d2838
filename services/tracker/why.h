// Why a follow-up has not come: the first true cause, from what is known of the flow and its deliveries.
//
//   v1::Cause cause = why({.expectation = …, .emitters = {"payments"}, .fates = …});
//   cause.kind() == v1::CAUSE_PAUSED;  cause.sentence() == "payments is paused by ada@host …"
//
// The walk, in this order (docs/flows.md, Why):
//   1. it was published, and refused                       not_allowed, refused
//   2. it came of this flow, under another correlation id  other_correlation
//   3. it is a flow of its own, which has begun             subflow
//   4. for each event from A on, for each service that would emit it: what keeps the service from handling it
//      dead_lettered, paused, service_offline, retrying, check_failed, in_handler, backlog
//   5. events of the flow wait for their time              delayed
//   6. one like it came under another correlation id       other_correlation
//   7. who would emit it has handled A                     check_failed, handled_but_silent
//   8. who would emit it does not want A                   filtered_out
//   9. it emits on a later event, which somebody keeps from coming: his cause
//   10. nobody who would emit it subscribes                 check_failed, no_subscriber
//
// check_failed: the service says of itself that something is wrong; beside a nearer cause of 4 it is told
// too. What it stands in place of is still so: who has handled A in vain is done with it (is_hopeless).
//
// Who would emit it is the expectation's owner; else who was seen to emit it; else whoever subscribes to A.
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "reel/v1/flow.pb.h"
#include "reel/v1/query.pb.h"
#include "tracker/strays.h"

namespace reel::tracker {

/// A stray, and its topic by name.
struct Strayed {
  Stray stray;
  std::string topic;
};

struct WhyFacts {
  v1::Expectation expectation;
  std::string correlationid;
  /// Services seen to emit what is missing.
  std::vector<std::string> emitters;
  /// The expectation is what is open of a flow whose whole is asked about; of one in which nothing is open it
  /// is the whole flow's, and its events come newest first.
  bool of_whole_flow = false;
  /// What the broker says of the flow's events from A on, and of the flow.
  v1::FatesReply fates;
  /// A missing event whose cause is in this flow, and one that has its key.
  std::optional<Strayed> elsewhere;
  std::optional<Strayed> alike;
  /// A missing sub-flow that has begun; of one that is not saved yet there is the correlation id only.
  std::optional<v1::FlowSummary> part;
};

/// `fates` must not be empty.
[[nodiscard]] v1::Cause why(const WhyFacts& facts);

/// Whether what is missing will not come by itself, given that the flow is settled: who would emit it is
/// known, he is done with the flow's events, and nobody else was ever seen to publish it from outside such
/// flows.
[[nodiscard]] bool is_hopeless(const WhyFacts& facts, v1::CauseKind cause);

/// Where the broker could not be asked.
[[nodiscard]] v1::Cause cause_not_known(std::string reason);

/// Who would emit it, as far as that is known without its deliveries: the owner, or who was seen to.
[[nodiscard]] std::vector<std::string> would_emit(const WhyFacts& facts);
/// The services that would emit it: an owner is taken at its word.
[[nodiscard]] std::vector<std::string> candidates_of(const WhyFacts& facts);

}  // namespace reel::tracker
