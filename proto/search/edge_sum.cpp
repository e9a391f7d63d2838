#include "search/edge_sum.h"

#include <algorithm>

namespace reel::search {
namespace {

std::string key_of(const v1::EdgesReply::Edge& row) {
  std::string key = row.definition() + '\n' + row.after() + '\n' + (row.any_of() ? '|' : '&');
  for (const std::string& topic : row.expected()) key += '\n' + topic;
  return key;
}

std::string by_definition(const FlowEdge& edge) {
  return (edge.definition.empty() ? '1' : '0') + edge.definition;
}

}  // namespace

std::string FlowEdge::from_text() const {
  return after.empty() ? "the flow's start" : after;
}

std::string FlowEdge::to_text() const {
  std::string text;
  for (const std::string& topic : expected) text += (text.empty() ? "" : any_of ? " or " : " and ") + topic;
  return text.empty() ? "the flow's end" : text;
}

void EdgeSum::add(const v1::EdgesReply& slice) {
  others_ += slice.others();
  for (const auto& row : slice.edges()) {
    const std::string key = key_of(row);
    auto found = edges_.find(key);
    if (found == edges_.end() && edges_.size() == most_) {
      others_ += row.count();
      continue;
    }
    if (found == edges_.end()) {
      found = edges_.emplace(key, FlowEdge{}).first;
      found->second.definition = row.definition();
      found->second.after = row.after();
      found->second.expected = {row.expected().begin(), row.expected().end()};
      found->second.any_of = row.any_of();
    }
    FlowEdge& edge = found->second;
    edge.count += row.count();
    edge.came += row.came();
    edge.late += row.late();
    edge.overdue += row.overdue();
    edge.times.merge(Spans::read(row.times()));
  }
}

std::vector<const FlowEdge*> EdgeSum::rows() const {
  std::vector<const FlowEdge*> rows;
  for (const auto& [key, edge] : edges_) rows.push_back(&edge);
  std::stable_sort(rows.begin(), rows.end(), [](const FlowEdge* a, const FlowEdge* b) {
    if (a->definition != b->definition) return by_definition(*a) < by_definition(*b);
    return a->count > b->count;
  });
  return rows;
}

void EdgeSum::write(v1::EdgesReply& to) const {
  for (const FlowEdge* edge : rows()) {
    auto& row = *to.add_edges();
    row.set_definition(edge->definition);
    row.set_after(edge->after);
    for (const std::string& topic : edge->expected) row.add_expected(topic);
    row.set_any_of(edge->any_of);
    row.set_count(edge->count);
    row.set_came(edge->came);
    row.set_late(edge->late);
    row.set_overdue(edge->overdue);
    edge->times.write(*row.mutable_times());
  }
  to.set_others(others_);
}

}  // namespace reel::search
