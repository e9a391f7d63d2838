// A round of candidates: flows of which the tracker says that a condition may hold, and the events whose
// payloads tell whether it does.
//
//   PayloadRound round{query};
//   round.add(flow, undecided);                  // and so on
//   for (const Stretch& stretch : round.stretches()) read_journal(…, [&](event) { round.see(event, judged);
//   }); round.outcome(i)                             // yes, no; unknown: not all of its events could be read
//
// Pure: pages of the tracker and events of the journal go in, outcomes come out.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "reel/v1/query.pb.h"
#include "search/expression.h"

namespace reel::cli {

/// Events without one of ours between them that are skipped by a subscription of its own: it costs as much as
/// reading about so many.
inline constexpr std::uint64_t skipped_events_min = 50'000;
/// Events of one round, 40 bytes each.
inline constexpr std::size_t round_events_max = 1'000'000;

/// Events of the journal from `begin` on, before `end`.
struct Stretch {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

class PayloadRound {
 public:
  /// `query` must outlive this.
  explicit PayloadRound(const search::FlowQuery& query) : query_{query} {}

  /// A flow whose condition is true whatever its payloads.
  void add_certain() { flows_.push_back({.decided = search::Truth::yes}); }
  void add(const v1::FlowsReply::Undecided& flow);
  /// Of the flow added last.
  void add_event(std::uint64_t offset);

  [[nodiscard]] std::vector<Stretch> stretches() const;
  /// An event, where one of the flows asks for it.
  [[nodiscard]] bool wants(std::uint64_t offset) const;
  void see(std::uint64_t offset, std::string_view topic, JudgedEvent& event);

  [[nodiscard]] search::Truth outcome(std::size_t flow) const;
  [[nodiscard]] std::size_t size() const { return flows_.size(); }
  [[nodiscard]] std::size_t events() const { return wanted_.size(); }

 private:
  struct Candidate {
    std::uint64_t holds = 0;
    std::uint64_t open = 0;        ///< tests that payloads decide
    std::uint64_t unreadable = 0;  ///< of these, some event could not be judged
    std::uint32_t unseen = 0;      ///< events
    search::Truth decided = search::Truth::unknown;
  };
  [[nodiscard]] search::Truth judge(const Candidate& flow, bool is_complete) const;

  const search::FlowQuery& query_;
  std::vector<Candidate> flows_;
  std::unordered_map<std::uint64_t, std::uint32_t> wanted_;  // by offset: whose
};

}  // namespace reel::cli
