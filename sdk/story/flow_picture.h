// One flow as a whole: its events as a tree of causes, what became of each for every service, the gaps
// between cause and effect, and the clocks of the services. What every rendering of a flow is drawn from.
//
//   const FlowPicture picture{reply, &deliveries};
//   for (std::size_t i = 0; i < picture.size(); ++i) … picture.step(i), picture.parts(i), picture.gap(i)
//
// Events are in the order of their offsets, which is the only order there is: a cause stands before its
// effects, whatever the machines' clocks say. Refers to the reply and the deliveries, which must outlive it.
// What can be computed from them is not kept, so a flow of 100,000 events takes little more than they do.
// Pure.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "reel/v1/query.pb.h"
#include "story/clock_skew.h"
#include "story/flow_deliveries.h"
#include "story/gaps.h"

namespace reel::story {

class FlowPicture {
 public:
  /// Without `deliveries` (null) it is the tree alone. The reply's steps are what is shown, in offset order.
  FlowPicture(const v1::FlowReply& flow, const FlowDeliveries* deliveries);

  [[nodiscard]] const v1::FlowReply& flow() const { return flow_; }
  [[nodiscard]] std::size_t size() const { return causes_.size(); }
  [[nodiscard]] const v1::FlowStep& step(std::size_t i) const { return flow_.steps(static_cast<int>(i)); }

  [[nodiscard]] std::optional<std::size_t> cause(std::size_t i) const;
  [[nodiscard]] const std::vector<std::size_t>& effects(std::size_t i) const { return effects_[i]; }
  [[nodiscard]] const std::vector<std::size_t>& roots() const { return roots_; }

  /// Whether deliveries were looked at.
  [[nodiscard]] bool has_deliveries() const { return deliveries_ != nullptr; }
  [[nodiscard]] const FlowDeliveries* deliveries() const { return deliveries_; }
  [[nodiscard]] std::vector<const StoryPart*> parts(std::size_t i) const;
  /// The part of the cause that `i` was published in: the cause's at the effect's service. Null: not known.
  [[nodiscard]] const StoryPart* published_in(std::size_t i) const;

  /// Nothing where it has no cause here.
  [[nodiscard]] std::optional<Gap> gap(std::size_t i) const;

  struct Longest {
    std::size_t step = 0;
    std::optional<GapPart> part;  ///< nothing: a gap that is not split
    std::uint64_t time = 0;       ///< ns
  };
  /// The longest part of any gap; nothing in a flow without effects.
  [[nodiscard]] const std::optional<Longest>& longest() const { return longest_; }
  [[nodiscard]] bool is_longest(std::size_t i, std::optional<GapPart> part) const {
    return longest_ && longest_->step == i && longest_->part == part;
  }

  [[nodiscard]] const ClockSkews& clocks() const { return clocks_; }

 private:
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

  void find_causes();
  void read_clocks();
  void find_longest();

  const v1::FlowReply& flow_;
  const FlowDeliveries* deliveries_;
  std::vector<std::uint32_t> causes_;
  std::vector<std::vector<std::size_t>> effects_;
  std::vector<std::size_t> roots_;
  ClockSkews clocks_;
  std::optional<Longest> longest_;
};

}  // namespace reel::story
