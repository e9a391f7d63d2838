#include "cli/search/edge_table.h"

#include "cli/search/variant_table.h"

namespace reel::cli {
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
