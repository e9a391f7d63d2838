#include "cli/search/edge_table.h"

#include <algorithm>

#include "cli/search/variant_table.h"

namespace reel::cli {
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

void EdgeTable::add(const v1::EdgesReply& slice) {
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
    edge.times.merge(search::Spans::read(row.times()));
  }
}

std::vector<const FlowEdge*> EdgeTable::rows() const {
  std::vector<const FlowEdge*> rows;
  for (const auto& [key, edge] : edges_) rows.push_back(&edge);
  std::stable_sort(rows.begin(), rows.end(), [](const FlowEdge* a, const FlowEdge* b) {
    if (a->definition != b->definition) return by_definition(*a) < by_definition(*b);
    return a->count > b->count;
  });
  return rows;
}

Json EdgeTable::json(const FlowEdge& edge) {
  Json json{{"after", edge.after},
            {"expected", edge.expected},
            {"any_of", edge.any_of},
            {"count", edge.count},
            {"came", edge.came},
            {"p50_ms", quantile_json(edge.times, 0.5)},
            {"p95_ms", quantile_json(edge.times, 0.95)},
            {"p99_ms", quantile_json(edge.times, 0.99)}};
  if (edge.definition.empty()) {
    json["observed"] = true;
    return json;
  }
  json["definition"] = edge.definition;
  json["late"] = edge.late;
  json["overdue"] = edge.overdue;
  return json;
}

Table EdgeTable::table() const {
  Table table{{"FROM"},
              {"TO"},
              {"DEFINITION"},
              {"COUNT", Align::right},
              {"P50", Align::right},
              {"P95", Align::right},
              {"P99", Align::right},
              {"LATE", Align::right},
              {"OVERDUE", Align::right}};
  for (const FlowEdge* edge : rows()) {
    const bool is_judged = !edge->definition.empty();
    table.add(
        {{edge->from_text()},
         {edge->to_text()},
         {edge->definition},
         {std::to_string(edge->count)},
         {quantile_text(edge->times, 0.5)},
         {quantile_text(edge->times, 0.95)},
         {quantile_text(edge->times, 0.99)},
         {is_judged ? share_text(edge->late, edge->count) : "", edge->late > 0 ? Ink::yellow : Ink::plain},
         {is_judged ? share_text(edge->overdue, edge->count) : "",
          edge->overdue > 0 ? Ink::red : Ink::plain}});
  }
  return table;
}

}  // namespace reel::cli
