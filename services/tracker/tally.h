// The tally: how many flows are in which state, kept as they change, so that a board can ask each second
// however many flows there are.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tracker/flow.h"

namespace reel::tracker {

/// What the tally counts of one flow.
struct Standing {
  struct Under {
    DefinitionIndex definition;
    v1::FlowState state;
    Name ended_by;
    friend bool operator==(const Under&, const Under&) = default;
  };
  v1::FlowState state = v1::FLOW_STATE_UNKNOWN;  ///< unknown: no flow
  std::vector<Under> under;

  void take(const Flow& flow);
  void take_none();
  friend bool operator==(const Standing&, const Standing&) = default;
};

class Tally {
 public:
  using States = std::array<std::uint64_t, v1::FlowState_ARRAYSIZE>;

  /// A flow that stood so now stands otherwise.
  void change(const Standing& before, const Standing& after);
  void remove(const Flow& flow);

  [[nodiscard]] std::uint64_t count(v1::FlowState state) const {
    return states_[static_cast<std::size_t>(state)];
  }
  [[nodiscard]] std::uint64_t flows() const;
  /// Flows that this version judges and that are open, overdue ones included.
  [[nodiscard]] std::uint64_t open_under(DefinitionIndex definition) const;

  /// Whether any flow was judged by this version then.
  [[nodiscard]] static bool judges(const stored::Progress& progress, DefinitionIndex definition);
  /// For the checkpoint, and back. Definitions are counted by name, over their versions.
  void save(stored::Progress& to, const DefinitionSet& definitions, const Names& names) const;
  void load(const stored::Progress& from, const DefinitionSet& definitions, Names& names);
  /// The part of the answer that the tally knows.
  void tell(v1::SummaryReply& to, const DefinitionSet& definitions, const Names& names) const;

 private:
  void add(const Standing& standing, std::uint64_t amount);

  States states_{};
  std::vector<States> definitions_;  // by index; FLOW_STATE_UNKNOWN unused
  std::map<Name, std::uint64_t> ends_;
};

}  // namespace reel::tracker
