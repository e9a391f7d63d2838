// Variants as people and programs read them: one row for each path, the most frequent first.
//
//       COUNT  SHARE    P50    P95  OVERDUE  EXAMPLE  PATH
//          41  82.0%   20ms   31ms     0.0%  order-9  order.placed → payment.captured → item.packed ×9
//
// Pure.
#pragma once

#include <cstddef>
#include <string>

#include "cli/table.h"
#include "search/spans.h"
#include "search/variant_sum.h"
#include "story/flow_json.h"

namespace reel::cli {

using namespace story;

using search::FlowVariant;
using search::variants_max;

class VariantTable : public search::VariantSum {
 public:
  using VariantSum::VariantSum;

  [[nodiscard]] Json json(const FlowVariant& variant) const;
  /// The first `limit`.
  [[nodiscard]] Table table(std::size_t limit) const;
};

/// "12.5%"; "-" of nothing.
[[nodiscard]] std::string share_text(std::uint64_t part, std::uint64_t whole);
/// A quantile as people read it, and as JSON has it, in milliseconds.
[[nodiscard]] std::string quantile_text(const search::Spans& spans, double share);
[[nodiscard]] Json quantile_json(const search::Spans& spans, double share);

}  // namespace reel::cli
