// Flows by the path they took: the topics of their events, as process mining tells variants apart.
//
// What services do in parallel comes in any order and should not make two paths of one. So the path is not
// the log's order: an event stands behind its cause, one level further on, and within a level topics stand in
// alphabetical order. An event without a cause in the flow comes from outside, behind everything before it.
// Consecutive repeats count up: item.packed ×9.
//
// A sans-IO class, fed with one slice's flows.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "reel/v1/query.pb.h"
#include "search/spans.h"
#include "tracker/flow.h"

namespace reel::tracker {

/// Events of one flow that its path is made of; beyond, and beyond so many elements, the path is cut.
inline constexpr std::uint32_t path_events_max = 10'000;
inline constexpr std::size_t path_elements_max = 100;

/// A path's elements: a topic, and how often it comes behind one another.
struct Path {
  std::vector<std::pair<Name, std::uint32_t>> elements;
  bool cut = false;

  auto operator<=>(const Path&) const = default;
};

[[nodiscard]] Path path_of(const Flow& flow, const Names& names);

class VariantPage {
 public:
  explicit VariantPage(const Names& names) : names_{names} {}

  /// Flows come newest first.
  void add(const Flow& flow);
  void write(v1::VariantsReply& to) const;

 private:
  struct Variant {
    std::uint64_t count = 0;
    std::uint64_t overdue = 0;
    search::Spans durations;
    std::string example;
  };

  const Names& names_;
  std::map<Path, Variant> variants_;
};

}  // namespace reel::tracker
