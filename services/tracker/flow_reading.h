// A flow as it stands, for who answers questions about it: a wide one where it lies in memory, since reading
// and unpacking a hundred thousand steps holds up what is judged; any other from the store, where the caller
// has put what is new.
//
//   FlowReading reading{store, tracker.flows(), definitions};
//   if (const Flow* flow = reading.read(packed_id("order-7"), watermark)) …      // until the next read()
#pragma once

#include <string_view>

#include "tracker/flow_record.h"
#include "tracker/flow_table.h"
#include "tracker/judge.h"
#include "tracker/store.h"

namespace reel::tracker {

class FlowReading {
 public:
  FlowReading(Store& store, const FlowTable& flows, const DefinitionSet& definitions)
      : store_{store}, flows_{flows}, definitions_{definitions} {}

  /// Null where there is no flow with this packed id.
  [[nodiscard]] const Flow* read(std::string_view correlation, std::uint64_t watermark) {
    if (const Flow* const wide = flows_.unpacked(correlation)) return wide;
    const auto archived = store_.find(correlation);
    if (!archived) return nullptr;
    unpack(archived->record, definitions_, flow_, archived->earlier);
    bring_up_to(watermark, definitions_, flow_);
    return &flow_;
  }

 private:
  Store& store_;
  const FlowTable& flows_;
  const DefinitionSet& definitions_;
  Flow flow_;
};

}  // namespace reel::tracker
