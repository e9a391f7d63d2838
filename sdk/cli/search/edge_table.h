// Edges as people and programs read them: one row for each step between events.
//
//   FROM          TO                DEFINITION  COUNT  P50   P95   P99   LATE  OVERDUE
//   order.placed  payment.captured  fulfilment     50  3ms   12ms  20ms  2.0%     0.0%
//
// Pure.
#pragma once

#include "cli/table.h"
#include "search/edge_sum.h"
#include "story/flow_json.h"

namespace reel::cli {

using namespace story;

using search::edge_rows_max;
using search::FlowEdge;

class EdgeTable : public search::EdgeSum {
 public:
  using EdgeSum::EdgeSum;

  [[nodiscard]] static Json json(const FlowEdge& edge);
  [[nodiscard]] Table table() const;
};

}  // namespace reel::cli
