#include "tracker/variant_page.h"

#include <algorithm>
#include <unordered_map>

namespace reel::tracker {
namespace {

struct Placed {
  std::uint32_t level;
  Name topic;
};

// Every event with its level: one more than its cause's.
std::vector<Placed> placed_events(const Flow& flow) {
  std::vector<Placed> events;
  std::unordered_map<std::string_view, std::uint32_t> levels;  // by packed id
  std::uint32_t deepest = 0;
  for (std::size_t i = 0; i < flow.steps.chunks(); ++i) {
    StepReader reader{flow.steps.chunk(i)};
    while (const auto step = reader.next()) {
      if (events.size() == path_events_max) return events;
      const auto cause = levels.find(step->causation);
      const std::uint32_t level = cause != levels.end() ? cause->second + 1
                                  : events.empty()      ? 0
                                                        : deepest + 1;
      deepest = std::max(deepest, level);
      levels.emplace(step->id, level);
      events.push_back({level, step->topic});
    }
  }
  return events;
}

bool was_ever_overdue(const Flow& flow) {
  return std::any_of(flow.claims.begin(), flow.claims.end(), [](const Claim& claim) {
    return claim.verdict == v1::VERDICT_OVERDUE || claim.verdict == v1::VERDICT_MET_LATE;
  });
}

}  // namespace

Path path_of(const Flow& flow, const Names& names) {
  std::vector<Placed> events = placed_events(flow);
  std::stable_sort(events.begin(), events.end(), [&](const Placed& a, const Placed& b) {
    return a.level != b.level ? a.level < b.level
                              : a.topic != b.topic && names.text(a.topic) < names.text(b.topic);
  });
  Path path;
  path.cut = events.size() < flow.steps.count();
  for (const Placed& event : events) {
    if (!path.elements.empty() && path.elements.back().first == event.topic) {
      ++path.elements.back().second;
    } else if (path.elements.size() == path_elements_max) {
      path.cut = true;
      break;
    } else {
      path.elements.emplace_back(event.topic, 1);
    }
  }
  return path;
}

void VariantPage::add(const Flow& flow) {
  Variant& variant = variants_[path_of(flow, names_)];
  if (variant.count++ == 0) variant.example = text_of(flow.correlation);
  if (was_ever_overdue(flow)) ++variant.overdue;
  variant.durations.add(flow.last_at - flow.started_at);
}

void VariantPage::write(v1::VariantsReply& to) const {
  std::unordered_map<Name, std::uint32_t> places;
  for (const auto& [path, variant] : variants_) {
    auto& row = *to.add_variants();
    for (const auto& [topic, times] : path.elements) {
      const auto [at, is_new] = places.emplace(topic, static_cast<std::uint32_t>(places.size()));
      if (is_new) to.add_topics(std::string{names_.text(topic)});
      row.add_topics(at->second);
      row.add_times(times);
    }
    row.set_cut(path.cut);
    row.set_count(variant.count);
    row.set_overdue(variant.overdue);
    variant.durations.write(*row.mutable_durations());
    row.set_example(variant.example);
  }
}

}  // namespace reel::tracker
