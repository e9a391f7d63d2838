#include "tracker/edge_page.h"

#include <unordered_map>

namespace reel::tracker {

EdgePage::Edge* EdgePage::edge(const Key& key) {
  const auto found = edges_.find(key);
  if (found != edges_.end()) return &found->second;
  if (edges_.size() < edges_max) return &edges_[key];
  ++others_;
  return nullptr;
}

void EdgePage::add(const Flow& flow) {
  for (const Claim& claim : flow.claims) add_claim(flow, claim);
  if (observed_ || flow.instances.empty()) add_causes(flow);
}

// What must not come, and what comes regularly, leads from nowhere to nowhere.
void EdgePage::add_claim(const Flow& flow, const Claim& claim) {
  const Definition& definition = definitions_[flow.instances[claim.instance].definition];
  const Rule& rule = definition.rules[claim.rule];
  if (rule.forbids() || (rule.after == 0 && claim.rule != definition.whole_flow())) return;
  Edge* const edge = this->edge({definition.name, rule.after, rule.expected, rule.any_of});
  if (edge == nullptr) return;
  ++edge->count;
  if (claim.verdict == v1::VERDICT_OVERDUE) ++edge->overdue;
  if (claim.verdict != v1::VERDICT_MET && claim.verdict != v1::VERDICT_MET_LATE) return;
  ++edge->came;
  if (claim.verdict == v1::VERDICT_MET_LATE) ++edge->late;
  edge->times.add(claim.settled_at > claim.armed_at ? claim.settled_at - claim.armed_at : 0);
}

void EdgePage::add_causes(const Flow& flow) {
  struct Cause {
    Name topic;
    std::uint64_t log_time;
  };
  std::unordered_map<std::string_view, Cause> causes;  // by packed id
  for (std::size_t i = 0; i < flow.steps.chunks(); ++i) {
    StepReader reader{flow.steps.chunk(i)};
    while (const auto step = reader.next()) {
      if (causes.size() == edge_events_max) return;
      const auto cause = causes.find(step->causation);
      if (cause != causes.end()) {
        if (Edge* const edge = this->edge({"", cause->second.topic, {step->topic}, true})) {
          ++edge->count;
          ++edge->came;
          edge->times.add(step->log_time - cause->second.log_time);
        }
      }
      causes.emplace(step->id, Cause{step->topic, step->log_time});
    }
  }
}

void EdgePage::write(v1::EdgesReply& to) const {
  for (const auto& [key, edge] : edges_) {
    auto& row = *to.add_edges();
    row.set_definition(key.definition);
    row.set_after(std::string{names_.text(key.after)});
    for (const Name topic : key.expected) row.add_expected(std::string{names_.text(topic)});
    row.set_any_of(key.any_of);
    row.set_count(edge.count);
    row.set_came(edge.came);
    row.set_late(edge.late);
    row.set_overdue(edge.overdue);
    edge.times.write(*row.mutable_times());
  }
  to.set_others(others_);
}

}  // namespace reel::tracker
