// A walk over the stored flows that a condition means, newest first, in slices: one answer must not hold up a
// deadline, so each slice looks at a bounded number of flows and says where the next one begins.
//
//   FlowScan scan{store, reading, definitions, names};
//   const auto slice = scan.run({.where = ask.where(), .after = ask.after(), .now = watermark},
//                               [&](const Flow& flow, FlowTests& tests, Truth truth) { …; return true; });
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "reel/v1/query.pb.h"
#include "tracker/flow_reading.h"
#include "tracker/flow_tests.h"
#include "tracker/store.h"

namespace reel::tracker {

/// Flows that one slice looks at, and steps of theirs: a few milliseconds.
inline constexpr std::uint32_t scan_flows_max = 2'000;
inline constexpr std::uint64_t scan_steps_max = 50'000;
/// Flows that one question may name.
inline constexpr int scan_ids_max = 1'000;

class FlowScan {
 public:
  struct Ask {
    const v1::FlowWhere& where;
    const google::protobuf::RepeatedPtrField<std::string>& correlationids;  ///< not empty: only these
    const std::string& after;
    std::uint64_t now = 0;                   ///< the watermark
    std::vector<v1::FlowState> states = {};  ///< empty: all
    std::uint32_t rows = scan_flows_max;     ///< with so many the page is full
  };
  struct Slice {
    std::string error;  ///< one sentence: the question makes no sense
    std::string next;   ///< empty: that was all
    std::uint64_t looked_at = 0;
  };
  /// Is given each flow of which the condition is not `no`; false: the page is full, with this one on it.
  using Take = std::function<bool(const Flow&, FlowTests&, Truth)>;

  FlowScan(Store& store, FlowReading& reading, const DefinitionSet& definitions, const Names& names)
      : store_{store}, reading_{reading}, definitions_{definitions}, names_{names} {}

  [[nodiscard]] Slice run(const Ask& ask, const Take& take);

 private:
  /// Judges one stored flow, and takes it. False: the page is full.
  bool look_at(std::string_view correlation, std::uint64_t now, FlowTests& tests, const Take& take);
  struct Places {
    std::vector<ListingPlace> list;
    bool are_all = true;
  };
  [[nodiscard]] Places places(const Ask& ask, const FlowTests& tests,
                              const std::optional<ListingPlace>& after);

  Store& store_;
  FlowReading& reading_;
  const DefinitionSet& definitions_;
  const Names& names_;
  std::uint64_t steps_ = 0;
};

}  // namespace reel::tracker
