#include "service/repeats.h"

#include <utility>
#include <vector>

#include "event/batch.h"

namespace reel::broker {

void tell_duplicate(Judgement& judged, std::uint32_t entry, Offset offset, v1::Accepted& answer) {
  judged.drop(entry);
  auto& duplicate = *answer.add_duplicates();
  duplicate.set_index(entry);
  duplicate.set_offset(offset);
}

// Where an event whose id its publisher chose was accepted before.
std::optional<Offset> Repeats::known(const StoredRun& run, const StoredEvent& event, LogTime now) const {
  const auto view = read_event(event.bytes);
  if (!view) return std::nullopt;
  const auto offset = chosen_.find(run.source, view->id, now);
  return offset ? offset : delays_.find(run.source, view->id);
}

void Repeats::drop(Judgement& judged, v1::Accepted& answer) const {
  const auto now = log_.now();
  ChosenIds::OfBatch of_batch;  // first entries with an id in this very batch
  for (const auto& run : judged.runs()) {
    if (!run.chosen_ids) continue;
    for (auto entry = run.first_event; entry < run.first_event + run.event_count; ++entry) {
      if (!is_kept(judged.destination(entry))) continue;
      auto offset = known(run, judged.event(entry), now);
      if (!offset && !of_batch.insert(run.source, read_event(judged.event(entry).bytes)->id)) {
        offset = 0;  // not known yet
      }
      if (!offset) continue;
      tell_duplicate(judged, entry, *offset, answer);
    }
  }
}

// What was a duplicate is known under an offset that is not among those the batch itself was given. A delayed
// event that was published since, or moved, is known under one behind them; it was the batch's own where that
// accounts for no more offsets than the batch was given.
Repeats::Recalled Repeats::repeat(Judgement& judged, const Resends::Answer& before,
                                  v1::Accepted& answer) const {
  const auto now = log_.now();
  const auto end = before.first_offset + before.count;
  Recalled recalled;
  ChosenIds::OfBatch of_batch;
  std::vector<std::pair<std::uint32_t, Offset>> later;
  for (const auto& run : judged.runs()) {
    if (!run.chosen_ids) continue;
    for (auto entry = run.first_event; entry < run.first_event + run.event_count; ++entry) {
      if (!is_kept(judged.destination(entry))) continue;
      const auto offset = known(run, judged.event(entry), now);
      if (!offset) {
        recalled.unknown.push_back(entry);
        continue;
      }
      const bool own = *offset >= before.first_offset && *offset < end;
      const bool first = of_batch.insert(run.source, read_event(judged.event(entry).bytes)->id);
      if (own && first) continue;
      if (first && judged.destination(entry) == Destination::delayed && *offset >= end) {
        later.emplace_back(entry, *offset);
      } else {
        tell_duplicate(judged, entry, own ? 0 : *offset, answer);
      }
    }
  }
  recalled.forgotten =
      before.log_time == 0 || (!recalled.unknown.empty() && !chosen_.remembers(before.log_time, now));
  if (!recalled.forgotten && judged.kept() > before.count + recalled.unknown.size()) {
    for (const auto& [entry, offset] : later) tell_duplicate(judged, entry, offset, answer);
  }
  return recalled;
}

}  // namespace reel::broker
