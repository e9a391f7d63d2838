// Which routes and subscriptions an event meets, and of each of the others the first field that said no: what
// `reel explain` prints and the gateway answers. Pure; nothing is published.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "event/event_pattern.h"
#include "event/schema_set.h"
#include "reel/v1/query.pb.h"
#include "story/flow_json.h"

namespace reel::story {

/// An event as it would be, or as it is.
struct ExplainedEvent {
  std::string source, topic, dataschema;
  std::string bytes;                    ///< reel.v1.Event
  std::optional<std::uint64_t> offset;  ///< where it stands in the journal
};

/// A route or a subscription, and why the event does not meet it; nothing: it does.
struct Verdict {
  std::string kind;  ///< route or service
  std::string name;
  std::string pattern;
  std::string when;
  std::optional<Mismatch> mismatch;
};

/// By the routes and services that the broker tells of, payloads read by `schemas`. Leaves out Reel's own
/// services, which take everything, and ephemeral subscriptions. `event.bytes` must be an event.
[[nodiscard]] std::vector<Verdict> explain(const ExplainedEvent& event, const SchemaSet& schemas,
                                           const v1::RoutesReply& routes, const v1::ServicesReply& services);

[[nodiscard]] Json verdict_json(const Verdict& verdict);

}  // namespace reel::story
