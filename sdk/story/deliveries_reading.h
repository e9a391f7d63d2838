// What became of a flow's deliveries, read from the journal.
//
// The tracker says where the flow's events stand. From the first of them on the broker sends the flow's own
// events and the ledger's records, nothing else, until nobody is owed any of them: a flow that is settled
// costs its own stretch of the journal, one with a dead letter or an open delivery all that stands behind it.
#pragma once

#include <cstdint>
#include <memory>

#include "event/schema_set.h"
#include "reel/v1/query.pb.h"
#include "story/flow_deliveries.h"
#include "story/interests.h"
#include "story/journal.h"

namespace reel::story {

struct ReadDeliveries {
  explicit ReadDeliveries(ContentFilter filter) : interests{std::move(filter)} {}
  Interests interests;
  std::unique_ptr<FlowDeliveries> deliveries;
};

/// Of the steps of `flow`, as the journal tells until log time `until`. `said` is what the broker says of its
/// services now, and so where the journal ends. Null where there is nothing to read. Throws where the journal
/// does.
[[nodiscard]] std::unique_ptr<ReadDeliveries> read_deliveries(const Journal& journal,
                                                              const v1::ServicesReply& said,
                                                              std::shared_ptr<const SchemaSet> schemas,
                                                              const v1::FlowReply& flow,
                                                              std::uint64_t until = FlowDeliveries::for_ever);

}  // namespace reel::story
