// Edges added up: the tracker's slices in, one row for each step between events out.
//
//   EdgeSum edges;
//   edges.add(reply.edges());                     // for each slice
//   for (const FlowEdge* row : edges.rows()) … row->from_text(), row->to_text(), row->times.quantile(0.95)
//
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "reel/v1/query.pb.h"
#include "search/spans.h"

namespace reel::search {

/// Edges told apart, as in a slice of the tracker's; what is on further ones is counted.
inline constexpr std::size_t edge_rows_max = 10'000;

struct FlowEdge {
  std::string definition;  ///< empty: observed
  std::string after;
  std::vector<std::string> expected;
  bool any_of = false;
  std::uint64_t count = 0;
  std::uint64_t came = 0;
  std::uint64_t late = 0;
  std::uint64_t overdue = 0;
  Spans times;

  [[nodiscard]] std::string from_text() const;
  [[nodiscard]] std::string to_text() const;
};

class EdgeSum {
 public:
  explicit EdgeSum(std::size_t most = edge_rows_max) : most_{most} {}

  void add(const v1::EdgesReply& slice);

  /// By definition, what is observed last; the most frequent first.
  [[nodiscard]] std::vector<const FlowEdge*> rows() const;
  [[nodiscard]] std::uint64_t others() const { return others_; }

  /// All rows, as one slice.
  void write(v1::EdgesReply& to) const;

 private:
  std::size_t most_;
  std::map<std::string, FlowEdge> edges_;  // by what tells them apart, as one text
  std::uint64_t others_ = 0;
};

}  // namespace reel::search
