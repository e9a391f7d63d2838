// Variants added up: the tracker's slices in, one row for each path out, the most frequent first.
//
//       COUNT  SHARE    P50    P95  OVERDUE  EXAMPLE  PATH
//          41  82.0%   20ms   31ms     0.0%  order-9  order.placed → payment.captured → item.packed ×9
//
// Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cli/flow_json.h"
#include "cli/table.h"
#include "reel/v1/query.pb.h"
#include "search/spans.h"

namespace reel::cli {

/// Paths told apart; flows on those that come up later are counted as others. A mesh has dozens; who has more
/// publishes topics without order, and the most frequent ones come up early.
inline constexpr std::size_t variants_max = 20'000;

struct FlowVariant {
  std::vector<std::pair<std::string, std::uint32_t>> path;  ///< topics, and how often behind one another
  bool cut = false;                                         ///< it goes on
  std::uint64_t count = 0;
  std::uint64_t overdue = 0;
  search::Spans durations;
  std::string example;

  /// "order.placed → item.packed ×9"
  [[nodiscard]] std::string text() const;
};

class VariantTable {
 public:
  explicit VariantTable(std::size_t most = variants_max) : most_{most} {}

  void add(const v1::VariantsReply& slice);

  /// The most frequent first, those of equal count by path.
  [[nodiscard]] std::vector<const FlowVariant*> rows() const;
  [[nodiscard]] std::uint64_t flows() const { return flows_; }
  [[nodiscard]] std::uint64_t others() const { return others_; }

  [[nodiscard]] Json json(const FlowVariant& variant) const;
  /// The first `limit`.
  [[nodiscard]] Table table(std::size_t limit) const;

 private:
  std::size_t most_;
  std::map<std::string, FlowVariant> variants_;  // by text, which tells paths apart
  std::uint64_t flows_ = 0;
  std::uint64_t others_ = 0;
};

/// "12.5%"; "-" of nothing.
[[nodiscard]] std::string share_text(std::uint64_t part, std::uint64_t whole);
/// A quantile as people read it, and as JSON has it, in milliseconds.
[[nodiscard]] std::string quantile_text(const search::Spans& spans, double share);
[[nodiscard]] Json quantile_json(const search::Spans& spans, double share);

}  // namespace reel::cli
