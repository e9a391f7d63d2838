// Variants added up: the tracker's slices in, one row for each path out, the most frequent first.
//
//   VariantSum variants;
//   variants.add(reply.variants());               // for each slice
//   for (const FlowVariant* row : variants.rows()) … row->text(), row->count, row->durations.quantile(0.95)
//
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "reel/v1/query.pb.h"
#include "search/spans.h"

namespace reel::search {

/// Paths told apart; flows on those that come up later are counted as others. A mesh has dozens; who has more
/// publishes topics without order, and the most frequent ones come up early.
inline constexpr std::size_t variants_max = 20'000;

struct FlowVariant {
  std::vector<std::pair<std::string, std::uint32_t>> path;  ///< topics, and how often behind one another
  bool cut = false;                                         ///< it goes on
  std::uint64_t count = 0;
  std::uint64_t overdue = 0;
  Spans durations;
  std::string example;

  /// "order.placed → item.packed ×9"
  [[nodiscard]] std::string text() const;
};

class VariantSum {
 public:
  explicit VariantSum(std::size_t most = variants_max) : most_{most} {}

  void add(const v1::VariantsReply& slice);

  /// The most frequent first, those of equal count by path.
  [[nodiscard]] std::vector<const FlowVariant*> rows() const;
  [[nodiscard]] std::uint64_t flows() const { return flows_; }
  [[nodiscard]] std::uint64_t others() const { return others_; }

  /// The first `limit` rows as one slice; the flows of further ones are among its others.
  void write(v1::VariantsReply& to, std::size_t limit) const;

 private:
  std::size_t most_;
  std::map<std::string, FlowVariant> variants_;  // by text, which tells paths apart
  std::uint64_t flows_ = 0;
  std::uint64_t others_ = 0;
};

}  // namespace reel::search
