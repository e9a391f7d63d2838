#include "admit/judgement.h"

#include <algorithm>
#include <utility>

#include "delay/delayed_record.h"
#include "event/batch.h"

namespace reel::broker {

void refuse(std::vector<v1::Refusal>& refusals, std::uint32_t entry, v1::RefusalReason reason,
            const std::string& text) {
  v1::Refusal refusal;
  refusal.set_index(entry);
  refusal.set_reason(reason);
  if (refusals.size() < refusal_texts_max) refusal.set_text(text);
  refusals.push_back(std::move(refusal));
}

void Judgement::refuse(v1::RefusalReason reason, const std::string& text,
                       const std::function<bool(const StoredRun& run, Destination destination)>& wanted) {
  for (const auto& run : runs_) {
    for (auto entry = run.first_event; entry < run.first_event + run.event_count; ++entry) {
      if (destinations_[entry] == Destination::dropped || !wanted(run, destinations_[entry])) continue;
      drop(entry);
      broker::refuse(refusals_, entry, reason, text);
    }
  }
  std::stable_sort(refusals_.begin(), refusals_.end(),
                   [](const v1::Refusal& a, const v1::Refusal& b) { return a.index() < b.index(); });
}

void Judgement::drop(std::uint32_t entry) {
  if (destinations_[entry] == Destination::dropped) return;
  destinations_[entry] = Destination::dropped;
  --accepted_;
}

std::uint32_t Judgement::count(Destination destination) const {
  return static_cast<std::uint32_t>(std::count(destinations_.begin(), destinations_.end(), destination));
}

void Judgement::refuse(const std::vector<std::uint32_t>& entries, v1::RefusalReason reason,
                       const std::string& text) {
  const auto before = static_cast<std::ptrdiff_t>(refusals_.size());
  for (const auto entry : entries) {
    drop(entry);
    auto& refusal = refusals_.emplace_back();
    refusal.set_index(entry);
    refusal.set_reason(reason);
    if (refusals_.size() <= refusal_texts_max) refusal.set_text(text);
  }
  std::inplace_merge(refusals_.begin(), refusals_.begin() + before, refusals_.end(),
                     [](const v1::Refusal& a, const v1::Refusal& b) { return a.index() < b.index(); });
}

const StoredRun& Judgement::run_of(std::uint32_t entry) const {
  return *std::prev(
      std::upper_bound(runs_.begin(), runs_.end(), entry,
                       [](std::uint32_t at, const StoredRun& run) { return at < run.first_event; }));
}

Admitted Judgement::admit(std::shared_ptr<const void> owner) && {
  Admitted admitted;
  if (accepted_ == 0) return admitted;
  const auto first = destinations_.front();
  const bool one_way = (first == Destination::journal || first == Destination::live) &&
                       std::all_of(destinations_.begin(), destinations_.end(),
                                   [first](Destination destination) { return destination == first; });
  if (whole_ && one_way) {
    (first == Destination::journal ? admitted.journal : admitted.live) = whole_batch(std::move(owner));
    return admitted;
  }
  admitted.journal = part(Destination::journal, admitted.journal_entries);
  admitted.live = part(Destination::live, admitted.live_entries);
  admitted.delayed = delayed_records();
  return admitted;
}

StoredBatch Judgement::whole_batch(std::shared_ptr<const void> owner) {
  StoredBatch batch;
  batch.runs = std::move(runs_);
  batch.events = std::move(events_);
  batch.pieces.push_back(bytes_);
  batch.owners.push_back(std::move(owner));
  return batch;
}

StoredBatch Judgement::part(Destination destination, std::vector<std::uint32_t>& entries) const {
  BatchWriter writer;
  for (const auto& run : runs_) {
    bool begun = false;
    for (auto entry = run.first_event; entry < run.first_event + run.event_count; ++entry) {
      if (destinations_[entry] != destination) continue;
      if (!std::exchange(begun, true)) {
        writer.begin_run({.source = run.source,
                          .topic = run.topic,
                          .dataschema = run.dataschema,
                          .chosen_ids = run.chosen_ids});
      }
      writer.add_encoded(events_[entry].bytes);
      entries.push_back(entry);
    }
  }
  StoredBatch batch;
  if (!writer.empty()) batch.append_own(writer.take());
  return batch;
}

std::string Judgement::delayed_records() const {
  DelayedWriter records;
  for (const auto& run : runs_) {
    for (auto entry = run.first_event; entry < run.first_event + run.event_count; ++entry) {
      if (destinations_[entry] != Destination::delayed) continue;
      if (const auto event = read_event(events_[entry].bytes)) records.add(run, *event);
    }
  }
  return records.empty() ? std::string{} : records.take();
}

}  // namespace reel::broker
