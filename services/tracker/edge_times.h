// How long the steps that definitions expect took, and how often they were overdue, counted as it is judged:
// what a monitoring system asks for again and again. Since the start, and of nothing else: after a restart it
// begins anew, as such counters do. (edge_page.h looks at flows instead, whichever one asks about.)
#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "event/time_counts.h"
#include "reel/v1/query.pb.h"
#include "tracker/definitions.h"
#include "tracker/flow.h"
#include "tracker/names.h"

namespace reel::tracker {

class EdgeTimes {
 public:
  /// What was expected since `armed_at` came at `at`.
  void came(const DefinitionSet& definitions, DefinitionIndex definition, std::uint16_t rule,
            std::uint64_t armed_at, std::uint64_t at);
  void overdue(const DefinitionSet& definitions, DefinitionIndex definition, std::uint16_t rule);
  /// Of what was overdue: why, which is found out a little later.
  void overdue_for(const DefinitionSet& definitions, DefinitionIndex definition, std::uint16_t rule,
                   v1::CauseKind cause);

  /// A row for each edge; what several versions of a definition say alike stands in one.
  void tell(const DefinitionSet& definitions, const Names& names, v1::TimesReply& to) const;

 private:
  struct Counted {
    TimeCounts came;
    std::uint64_t overdue = 0;
    std::map<v1::CauseKind, std::uint64_t> overdue_for;
  };
  std::map<std::pair<DefinitionIndex, std::uint16_t>, Counted> edges_;
};

}  // namespace reel::tracker
