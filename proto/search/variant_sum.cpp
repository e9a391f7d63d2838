#include "search/variant_sum.h"

#include <algorithm>

namespace reel::search {
namespace {

// A row whose topics are not among the slice's is not one.
FlowVariant variant_of(const v1::VariantsReply& slice, const v1::VariantsReply::Variant& row) {
  FlowVariant variant{.cut = row.cut(),
                      .count = row.count(),
                      .overdue = row.overdue(),
                      .durations = Spans::read(row.durations()),
                      .example = row.example()};
  for (int i = 0; i < std::min(row.topics_size(), row.times_size()); ++i) {
    const auto topic = static_cast<int>(row.topics(i));
    if (topic >= 0 && topic < slice.topics_size())
      variant.path.emplace_back(slice.topics(topic), row.times(i));
  }
  return variant;
}

}  // namespace

std::string FlowVariant::text() const {
  std::string text;
  for (const auto& [topic, times] : path) {
    text += (text.empty() ? "" : " → ") + topic;
    if (times > 1) text += " ×" + std::to_string(times);
  }
  return cut ? text + " → …" : text;
}

void VariantSum::add(const v1::VariantsReply& slice) {
  others_ += slice.others();
  flows_ += slice.others();
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

std::vector<const FlowVariant*> VariantSum::rows() const {
  std::vector<const FlowVariant*> rows;
  for (const auto& [text, variant] : variants_) rows.push_back(&variant);
  std::stable_sort(rows.begin(), rows.end(),
                   [](const FlowVariant* a, const FlowVariant* b) { return a->count > b->count; });
  return rows;
}

void VariantSum::write(v1::VariantsReply& to, std::size_t limit) const {
  std::map<std::string, std::uint32_t> places;
  const auto place_of = [&](const std::string& topic) {
    const auto [at, is_new] = places.try_emplace(topic, static_cast<std::uint32_t>(places.size()));
    if (is_new) to.add_topics(topic);
    return at->second;
  };
  std::uint64_t left_out = others_;
  for (const FlowVariant* each : rows()) {
    const FlowVariant& variant = *each;
    if (static_cast<std::size_t>(to.variants_size()) == limit) {
      left_out += variant.count;
      continue;
    }
    auto& row = *to.add_variants();
    for (const auto& [topic, times] : variant.path) {
      row.add_topics(place_of(topic));
      row.add_times(times);
    }
    row.set_cut(variant.cut);
    row.set_count(variant.count);
    row.set_overdue(variant.overdue);
    variant.durations.write(*row.mutable_durations());
    row.set_example(variant.example);
  }
  to.set_others(left_out);
}

}  // namespace reel::search
