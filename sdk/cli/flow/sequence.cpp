#include "cli/flow/sequence.h"

#include <algorithm>
#include <unordered_map>

#include "cli/audit/part_text.h"
#include "cli/flow/delivery_lines.h"
#include "cli/flow_tree.h"
#include "story/attempts.h"

namespace reel::cli {

Sequence::Sequence(const FlowPicture& picture) : picture_{picture} {
  std::unordered_map<std::string, std::size_t> by_name;
  const auto lifeline = [&](const std::string& service) {
    const auto [at, is_new] = by_name.try_emplace(service, lifelines_.size());
    if (is_new) lifelines_.push_back(service);
    return at->second;
  };
  for (std::size_t i = 0; i < picture.size(); ++i) {
    const std::size_t from = lifeline(service_of(picture.step(i).source()));
    const auto parts = picture.parts(i);
    items_.push_back({.kind = SequenceKind::published,
                      .time = picture.step(i).recordedtime(),
                      .step = i,
                      .from = from,
                      .to = from,
                      .alone = parts.empty()});
    for (const StoryPart* part : parts) add_part(*part, i, from, lifeline(part->service));
  }
  std::stable_sort(items_.begin(), items_.end(),
                   [](const SequenceItem& a, const SequenceItem& b) { return a.time < b.time; });
}

void Sequence::add_part(const StoryPart& part, std::size_t step, std::size_t from, std::size_t to) {
  SequenceItem item{.step = step, .from = from, .to = to};
  bool any = false;
  for (const Attempt& attempt : attempts_of(part)) {
    if (attempt.handed != nullptr) {
      item.kind = SequenceKind::handed;
      item.time = attempt.handed->time;
      item.what = attempt.handed;
      items_.push_back(item);
      any = true;
    }
    if (attempt.ended != nullptr) {
      item.kind = SequenceKind::ended;
      item.time = std::max(attempt.ended->time, attempt.time());
      item.what = attempt.ended;
      item.was_handed = attempt.handed != nullptr;
      items_.push_back(item);
      any = true;
    }
  }
  if (any) return;
  item.kind = SequenceKind::open;
  item.time = picture_.step(step).recordedtime();
  items_.push_back(item);
}

std::string item_text(const Sequence& sequence, const SequenceItem& item) {
  const std::string& topic = sequence.picture().step(item.step).topic();
  switch (item.kind) {
    case SequenceKind::handed:
      return item.what->delivery > 1 ? topic + " #" + std::to_string(item.what->delivery) : topic;
    case SequenceKind::ended: {
      if (item.what->kind == StepKind::acked) return topic + " acked";
      const std::string failure = failure_text(*item.what);
      return topic + " " + end_text(item.what->kind) + (failure.empty() ? "" : ": " + failure);
    }
    case SequenceKind::open: return topic + " not handed over";
    default: return topic;
  }
}

}  // namespace reel::cli
