// The form in which a flow is kept, in memory and on disk: one string of a few dozen bytes per event.
//
//   record     = version correlation steps-count started_at last_at last_offset first_topic last_topic
//                parent instances claims chunk
//   instances  = count *( definition state completions started_at ended_by overdue met_late broken )
//   claims     = count *( instance rule verdict after_step seen armed_at deadline settled_at
//                       [ stated_deadline ] [ values ] )
//
// Numbers are varints, times relative to the flow's first. `chunk` is the last chunk of the steps and stands
// to the end; the chunks before it, for flows of more than 256 events, are kept beside the record.
// A reader refuses a version it does not know.
//
// Downsides: a record is written anew for each event of its flow, and the claims of a flow are never dropped
// from it, so flows of thousands of claims are kept unpacked while they are in memory.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "tracker/flow.h"

namespace reel::tracker {

inline constexpr std::uint64_t flow_record_version = 3;

/// The most bytes that the record can take.
[[nodiscard]] std::size_t packed_bytes_max(const Flow& flow);
/// Writes the record where there is room for that many; returns where it ends.
[[nodiscard]] char* pack(const Flow& flow, const DefinitionSet& definitions, char* to);

/// `flow` as it was packed; what it held before is gone. `earlier` are the chunks kept beside the record, as
/// many as chunks_before says. Throws RecordError.
void unpack(std::string_view record, const DefinitionSet& definitions, Flow& flow,
            std::span<const std::string> earlier = {});

/// How many chunks of the flow are kept beside the record.
[[nodiscard]] inline std::uint32_t chunks_before(std::uint32_t steps) {
  return steps == 0 ? 0 : (steps - 1) / steps_per_chunk;
}

/// What stands at the head of every record, read without the rest.
struct RecordHead {
  std::string_view correlation;  ///< packed
  std::uint32_t steps = 0;
  std::uint64_t started_at = 0;
  std::uint64_t last_at = 0;
};
[[nodiscard]] RecordHead head_of(std::string_view record);

/// The correlation id of a record, packed; cheaper than head_of.
[[nodiscard]] inline std::string_view correlation_of(std::string_view record) {
  static_assert(flow_record_version < 0x80);  // one byte
  return Reader{record.substr(1)}.id();
}

}  // namespace reel::tracker
