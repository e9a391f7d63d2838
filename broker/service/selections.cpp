#include "service/selections.h"

#include <algorithm>

#include "event/batch.h"

namespace reel::broker {

void Selections::note(const StoredBatch& batch) {
  bool choosy = false;
  for (const StoredRun& run : batch.runs) {
    const auto& index = router_.route(run.topic).choosy_index;
    if (index.asked_always() > asked_always_max) return;
    choosy |= !index.empty();
  }
  if (!choosy) return;
  if (selections_.size() == selections_max) forget(selections_.begin());
  selections_.emplace_back().first_offset = batch.first_offset;
}

void Selections::forget(Place place) {
  selected_ -= place->selected;
  selections_.erase(place);
}

std::optional<Selections::Picked> Selections::of(ServiceIndex service, const StoredBatch& batch,
                                                 std::uint32_t until, std::size_t& asks_left) {
  const auto found = std::lower_bound(
      selections_.begin(), selections_.end(), batch.first_offset,
      [](const Selection& selection, Offset offset) { return selection.first_offset < offset; });
  if (found == selections_.end() || found->first_offset != batch.first_offset) return std::nullopt;
  if (found->revision == 0) found->revision = router_.revision();
  if (found->revision != router_.revision()) {
    forget(found);
    return std::nullopt;
  }
  if (found->end < until) {
    if (selected_ >= selected_max) return std::nullopt;
    ask(*found, batch, until, asks_left);
  }
  const auto wanted = found->wanted.find(service);
  if (wanted == found->wanted.end()) return Picked{.events = {}, .end = found->end};
  return Picked{.events = wanted->second, .end = found->end};
}

void Selections::ask(Selection& selection, const StoredBatch& batch, std::uint32_t until,
                     std::size_t& asks_left) {
  for (const auto& run : batch.runs) {
    const auto run_end = run.first_event + run.event_count;
    if (run_end <= selection.end) continue;
    const auto& about = router_.route(run.topic);
    if (about.choosy.empty()) {
      selection.end = run_end;
      continue;
    }
    const RunHead head{.source = run.source, .topic = run.topic, .dataschema = run.dataschema};
    for (; selection.end < std::min(run_end, until) && asks_left > 0; ++selection.end) {
      const auto index = selection.end;
      const auto want = [&](ServiceIndex service) {
        selection.wanted[service].push_back(index);
        ++selection.selected;
        ++selected_;
      };
      const auto view = read_event(batch.events[index].bytes);
      if (!view) {  // too many events are better than too few
        for (const auto& choosy : about.choosy) want(choosy.service);
        continue;
      }
      JudgedEvent judged{head, *view, router_.parser()};
      asks_left -=
          std::min(asks_left, about.choosy_index.each_wanting(judged, batch.first_offset + index, want));
    }
    if (selection.end < run_end) return;
  }
}

}  // namespace reel::broker
