#include "cli/search/payload_round.h"

#include <algorithm>

#include "event/topic.h"

namespace reel::cli {

using search::Truth;

void PayloadRound::add(const v1::FlowsReply::Undecided& flow) {
  flows_.push_back({.holds = flow.holds(), .open = flow.unknown()});
  for (const std::uint64_t offset : flow.offsets()) add_event(offset);
}

void PayloadRound::add_event(std::uint64_t offset) {
  if (wanted_.emplace(offset, static_cast<std::uint32_t>(flows_.size() - 1)).second) ++flows_.back().unseen;
}

std::vector<Stretch> PayloadRound::stretches() const {
  std::vector<std::uint64_t> offsets;
  offsets.reserve(wanted_.size());
  for (const auto& [offset, flow] : wanted_) offsets.push_back(offset);
  std::sort(offsets.begin(), offsets.end());
  std::vector<Stretch> stretches;
  for (const std::uint64_t offset : offsets) {
    if (stretches.empty() || offset - stretches.back().end >= skipped_events_min) {
      stretches.push_back({offset, offset + 1});
    } else {
      stretches.back().end = offset + 1;
    }
  }
  return stretches;
}

bool PayloadRound::wants(std::uint64_t offset) const {
  return wanted_.contains(offset);
}

void PayloadRound::see(std::uint64_t offset, std::string_view topic, JudgedEvent& event) {
  const auto found = wanted_.find(offset);
  if (found == wanted_.end()) return;
  Candidate& flow = flows_[found->second];
  if (flow.unseen > 0) --flow.unseen;
  if (flow.decided != Truth::unknown) return;
  for (const search::EventTerm& term : query_.terms) {
    const std::uint64_t bit = std::uint64_t{1} << term.test;
    if ((flow.open & bit) == 0 || !matches(term.topics, topic)) continue;
    switch (term.condition.judge(event)) {
      case Truth::yes:
        flow.holds |= bit;
        flow.open &= ~bit;
        break;
      case Truth::unknown: flow.unreadable |= bit; break;
      case Truth::no: break;
    }
  }
  flow.decided = judge(flow, false);
}

// An open test is `no` once all events were seen and read.
Truth PayloadRound::judge(const Candidate& flow, bool is_complete) const {
  return search::evaluate(query_.where.nodes(), [&](const auto&, unsigned test) {
    const std::uint64_t bit = std::uint64_t{1} << test;
    if ((flow.holds & bit) != 0) return Truth::yes;
    if ((flow.open & bit) == 0) return Truth::no;
    const bool is_known = is_complete && flow.unseen == 0 && (flow.unreadable & bit) == 0;
    return is_known ? Truth::no : Truth::unknown;
  });
}

Truth PayloadRound::outcome(std::size_t flow) const {
  const Candidate& candidate = flows_[flow];
  return candidate.decided != Truth::unknown ? candidate.decided : judge(candidate, true);
}

}  // namespace reel::cli
