#include "cli/search/variant_table.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "cli/duration_text.h"

namespace reel::cli {
namespace {

double part_of(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

Json VariantTable::json(const FlowVariant& variant) const {
  Json path = Json::array();
  for (const auto& [topic, times] : variant.path) path.push_back({{"type", topic}, {"times", times}});
  return {{"path", std::move(path)},
          {"cut", variant.cut},
          {"count", variant.count},
          {"share", part_of(variant.count, flows())},
          {"p50_ms", quantile_json(variant.durations, 0.5)},
          {"p95_ms", quantile_json(variant.durations, 0.95)},
          {"overdue", variant.overdue},
          {"overdue_share", part_of(variant.overdue, variant.count)},
          {"example", variant.example}};
}

Table VariantTable::table(std::size_t limit) const {
  Table table{{"COUNT", Align::right},
              {"SHARE", Align::right},
              {"P50", Align::right},
              {"P95", Align::right},
              {"OVERDUE", Align::right},
              {"EXAMPLE"},
              {"PATH"}};
  const auto all = rows();
  for (std::size_t i = 0; i < std::min(limit, all.size()); ++i) {
    const FlowVariant& variant = *all[i];
    table.add({{std::to_string(variant.count)},
               {share_text(variant.count, flows())},
               {quantile_text(variant.durations, 0.5)},
               {quantile_text(variant.durations, 0.95)},
               {share_text(variant.overdue, variant.count), variant.overdue > 0 ? Ink::red : Ink::plain},
               {variant.example},
               {variant.text()}});
  }
  return table;
}

std::string share_text(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? "-" : fmt::format("{:.1f}%", part_of(part, whole) * 100);
}

std::string quantile_text(const search::Spans& spans, double share) {
  if (spans.count() == 0) return "";
  return duration_text(nanoseconds{static_cast<std::int64_t>(spans.quantile(share))});
}

Json quantile_json(const search::Spans& spans, double share) {
  if (spans.count() == 0) return nullptr;
  return static_cast<double>(spans.quantile(share)) / 1e6;
}

}  // namespace reel::cli
