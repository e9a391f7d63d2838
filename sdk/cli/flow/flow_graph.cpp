#include "cli/flow/flow_graph.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <unordered_map>

#include "cli/audit/part_text.h"
#include "cli/duration_text.h"
#include "cli/flow_tree.h"

namespace reel::cli {
namespace {

std::string event_node(const FlowPicture& picture, std::size_t i) {
  return fmt::format("e{}", picture.step(i).offset());
}

std::string time_text(std::uint64_t time) {
  return gap_text(nanoseconds{static_cast<std::int64_t>(time)});
}

NodeLook look_of(PartState state) {
  if (state == PartState::dead) return NodeLook::failed;
  return state == PartState::acked || state == PartState::discarded || state == PartState::expired
             ? NodeLook::plain
             : NodeLook::waiting;
}

/// What became of it, and every attempt that failed.
std::vector<std::string> delivery_text(const StoryPart& part) {
  std::vector<std::string> lines{part.service, words_of(part.state)};
  for (const StoryStep& step : part.steps) {
    const std::string failure = error_text(step);
    if (!failure.empty()) lines.push_back(fmt::format("attempt {}: {}", step.attempt, failure));
  }
  return lines;
}

/// The gap behind the handing over, and before it.
struct EdgeTexts {
  std::vector<std::string> to_service;
  std::vector<std::string> to_effect;
  bool service_longest = false;
  bool effect_longest = false;
};

EdgeTexts edge_texts(const FlowPicture& picture, std::size_t effect) {
  EdgeTexts texts;
  const auto gap = picture.gap(effect);
  if (!gap) return texts;
  if (!gap->split) {
    texts.to_effect.push_back(time_text(gap->total));
    texts.effect_longest = picture.is_longest(effect, std::nullopt);
    return texts;
  }
  for (std::size_t which = 0; which < gap_parts; ++which) {
    const auto part = static_cast<GapPart>(which);
    if (part == GapPart::retries && gap->part(part) == 0) continue;
    const bool before = part == GapPart::wait || part == GapPart::retries;
    const std::string text = std::string{to_string(part)} + " " + time_text(gap->part(part)).substr(1);
    (before ? texts.to_service : texts.to_effect).push_back(text);
    if (picture.is_longest(effect, part)) (before ? texts.service_longest : texts.effect_longest) = true;
  }
  return texts;
}

void draw_effects(const FlowPicture& picture, std::size_t i, GraphPen& pen) {
  const auto parts = picture.parts(i);
  std::vector<bool> drawn(parts.size());
  const auto service_node = [&](std::size_t part) {
    return fmt::format("{}d{}", event_node(picture, i), part);
  };
  for (std::size_t part = 0; part < parts.size(); ++part) {
    pen.node(service_node(part), NodeKind::delivery, look_of(parts[part]->state),
             delivery_text(*parts[part]));
  }
  for (const std::size_t effect : picture.effects(i)) {
    const EdgeTexts texts = edge_texts(picture, effect);
    const auto by = std::find(parts.begin(), parts.end(), picture.published_in(effect));
    if (by == parts.end()) {
      pen.edge(event_node(picture, i), event_node(picture, effect), texts.to_effect, texts.effect_longest);
      continue;
    }
    const auto part = static_cast<std::size_t>(by - parts.begin());
    // Two effects of one delivery share the way to it.
    if (!drawn[part])
      pen.edge(event_node(picture, i), service_node(part), texts.to_service, texts.service_longest);
    drawn[part] = true;
    pen.edge(service_node(part), event_node(picture, effect), texts.to_effect, texts.effect_longest);
  }
  for (std::size_t part = 0; part < parts.size(); ++part) {
    if (!drawn[part]) pen.edge(event_node(picture, i), service_node(part), {}, false);
  }
}

void draw_owed(const FlowPicture& picture, GraphPen& pen) {
  std::unordered_map<std::uint64_t, std::size_t> by_offset;
  for (std::size_t i = 0; i < picture.size(); ++i) by_offset.emplace(picture.step(i).offset(), i);
  std::size_t number = 0;
  for (const auto& owed : picture.flow().expectations()) {
    const bool broken = owed.verdict() == v1::VERDICT_BROKEN;
    if (!awaits(owed) && !broken) continue;
    const auto after = by_offset.find(owed.after_offset());
    if (after == by_offset.end()) continue;
    const std::string id = fmt::format("o{}", ++number);
    pen.node(id, NodeKind::owed,
             broken || owed.verdict() == v1::VERDICT_OVERDUE ? NodeLook::failed : NodeLook::waiting,
             {missing_text(owed), verdict_text(owed.verdict()), expectation_text(owed)});
    pen.edge(event_node(picture, after->second), id, {}, false);
  }
}

}  // namespace

void draw_graph(const FlowPicture& picture, GraphPen& pen) {
  for (std::size_t i = 0; i < picture.size(); ++i) {
    const v1::FlowStep& step = picture.step(i);
    pen.node(event_node(picture, i), NodeKind::event, NodeLook::plain,
             {step.topic(), "by " + service_of(step.source()), clock_text(step.recordedtime())});
  }
  for (std::size_t i = 0; i < picture.size(); ++i) draw_effects(picture, i, pen);
  draw_owed(picture, pen);
}

}  // namespace reel::cli
