// Answers to questions about flows: what `reel flows`, `reel flow` and the boards show.
//
// Answered from the store, into which the caller has written what changed since the last checkpoint, so an
// answer is the state after some event, whole. Every listing is paged and every page bounded.
#pragma once

#include <algorithm>
#include <cstdint>

#include "reel/v1/query.pb.h"
#include "tracker/flow_reading.h"
#include "tracker/store.h"

namespace reel::tracker {

/// Rows of one page where the question does not say, and at most.
inline constexpr std::uint32_t page_rows_default = 100;
inline constexpr std::uint32_t page_rows_max = 1'000;
/// Steps of one page of a flow.
inline constexpr std::uint32_t page_steps_default = 1'000;
inline constexpr std::uint32_t page_steps_max = 10'000;
/// Sub-flows of one page of a flow that are looked at; of further ones it only says that they began.
inline constexpr std::size_t page_parts_max = 100;
/// Offsets told of events whose payloads are asked about: a page of 100 kB or so.
inline constexpr int page_offsets_max = 50'000;
/// Expectations shown of one flow: the newest.
inline constexpr std::size_t page_expectations_max = 10'000;

[[nodiscard]] inline std::uint32_t page_size(std::uint32_t asked, std::uint32_t standard,
                                             std::uint32_t most) {
  return asked == 0 ? standard : std::min(asked, most);
}

class Answers {
 public:
  Answers(Store& store, const FlowTable& flows, const DefinitionSet& definitions, const Names& names)
      : store_{store},
        reading_{store, flows, definitions},
        parts_{store, flows, definitions},
        definitions_{definitions},
        names_{names} {}

  /// Newest first, as of the watermark. An `after` that is no page's `next` is answered with an error. A page
  /// is short where as many flows as one answer may look at (FlowScan) do not fill it.
  void tell(const v1::FlowsRequest& ask, std::uint64_t watermark, v1::Reply& reply);
  void tell(const v1::VariantsRequest& ask, std::uint64_t watermark, v1::Reply& reply);
  void tell(const v1::EdgesRequest& ask, std::uint64_t watermark, v1::Reply& reply);
  /// An unknown flow is answered with an error.
  void tell(const v1::FlowRequest& ask, std::uint64_t watermark, v1::Reply& reply);

  /// How the flow with this packed id stands at the watermark; none where there is no such flow.
  [[nodiscard]] std::optional<v1::FlowSummary> summary_of(std::string_view correlation,
                                                          std::uint64_t watermark);
  void summarize(const Flow& flow, v1::FlowSummary& to) const;
  void describe(const Flow& flow, const Claim& claim, v1::Expectation& to) const;
  /// The same of many, in their order.
  void describe(const Flow& flow, const Claim& claim, StepCursor& steps, v1::Expectation& to) const;

 private:
  [[nodiscard]] std::string text(Name name) const { return std::string{names_.text(name)}; }

  Store& store_;
  FlowReading reading_;
  FlowReading parts_;  // of a flow that is being read
  const DefinitionSet& definitions_;
  const Names& names_;
};

}  // namespace reel::tracker
