// The steps between events: of each expectation "after A expect B" how often it was armed, how long B took
// and how often it was late; and as observed, how often and how soon A caused B.
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

/// Edges told apart; what is on further ones is counted.
inline constexpr std::size_t edges_max = 10'000;
/// Events of one flow whose causes are looked for.
inline constexpr std::uint32_t edge_events_max = 10'000;

class EdgePage {
 public:
  /// `observed`: cause and effect of all flows, not of those alone that no definition applies to.
  EdgePage(const DefinitionSet& definitions, const Names& names, bool observed)
      : definitions_{definitions}, names_{names}, observed_{observed} {}

  void add(const Flow& flow);
  void write(v1::EdgesReply& to) const;

 private:
  struct Key {
    std::string definition;
    Name after = 0;
    std::vector<Name> expected;
    bool any_of = false;

    auto operator<=>(const Key&) const = default;
  };
  struct Edge {
    std::uint64_t count = 0;
    std::uint64_t came = 0;
    std::uint64_t late = 0;
    std::uint64_t overdue = 0;
    search::Spans times;
  };

  /// nullptr where there are as many as are told apart.
  Edge* edge(const Key& key);
  void add_claim(const Flow& flow, const Claim& claim);
  void add_causes(const Flow& flow);

  const DefinitionSet& definitions_;
  const Names& names_;
  bool observed_;
  std::map<Key, Edge> edges_;
  std::uint64_t others_ = 0;
};

}  // namespace reel::tracker
