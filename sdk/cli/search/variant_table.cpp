#include "cli/search/variant_table.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "cli/duration_text.h"

namespace reel::cli {
namespace {

// A row whose topics are not among the slice's is not one.
FlowVariant variant_of(const v1::VariantsReply& slice, const v1::VariantsReply::Variant& row) {
  FlowVariant variant{.cut = row.cut(),
                      .count = row.count(),
                      .overdue = row.overdue(),
                      .durations = search::Spans::read(row.durations()),
                      .example = row.example()};
  for (int i = 0; i < std::min(row.topics_size(), row.times_size()); ++i) {
    const auto topic = static_cast<int>(row.topics(i));
    if (topic >= 0 && topic < slice.topics_size())
      variant.path.emplace_back(slice.topics(topic), row.times(i));
  }
  return variant;
}

double part_of(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

std::string FlowVariant::text() const {
  std::string text;
  for (const auto& [topic, times] : path) {
    text += (text.empty() ? "" : " → ") + topic;
    if (times > 1) text += fmt::format(" ×{}", times);
  }
  return cut ? text + " → …" : text;
}

void VariantTable::add(const v1::VariantsReply& slice) {
  for (const auto& row : slice.variants()) {
    FlowVariant variant = variant_of(slice, row);
    flows_ += variant.count;
    const std::string text = variant.text();
    const auto found = variants_.find(text);
    if (found != variants_.end()) {
      found->second.count += variant.count;
      found->second.overdue += variant.overdue;
      found->second.durations.merge(variant.durations);
    } else if (variants_.size() < most_) {
      variants_.emplace(text, std::move(variant));
    } else {
      others_ += variant.count;
    }
  }
}

std::vector<const FlowVariant*> VariantTable::rows() const {
  std::vector<const FlowVariant*> rows;
  for (const auto& [text, variant] : variants_) rows.push_back(&variant);
  std::stable_sort(rows.begin(), rows.end(),
                   [](const FlowVariant* a, const FlowVariant* b) { return a->count > b->count; });
  return rows;
}

Json VariantTable::json(const FlowVariant& variant) const {
  Json path = Json::array();
  for (const auto& [topic, times] : variant.path) path.push_back({{"type", topic}, {"times", times}});
  return {{"path", std::move(path)},
          {"cut", variant.cut},
          {"count", variant.count},
          {"share", part_of(variant.count, flows_)},
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
               {share_text(variant.count, flows_)},
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
