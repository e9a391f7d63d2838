#include "journal/stored_batch.h"

#include <xxhash.h>

#include <algorithm>
#include <cassert>

#include "event/batch.h"

namespace reel::broker {

const StoredRun& StoredBatch::run_of(std::uint32_t index) const {
  const auto behind =
      std::upper_bound(runs.begin(), runs.end(), index,
                       [](std::uint32_t at, const StoredRun& run) { return at < run.first_event; });
  assert(behind != runs.begin() && "an event index belongs to a run");
  return *std::prev(behind);
}

std::size_t StoredBatch::memory_bytes() const {
  // Control blocks, and what malloc puts in front of each of the pieces of memory: eight or so for one event.
  constexpr std::size_t beside = 256;
  return bytes() + beside + sizeof *this + runs.capacity() * sizeof runs[0] +
         events.capacity() * sizeof events[0] + pieces.capacity() * sizeof pieces[0] +
         owners.capacity() * sizeof owners[0];
}

bool StoredBatch::append(std::shared_ptr<const void> owner, std::string_view batch) {
  const auto runs_before = runs.size();
  const auto events_before = events.size();
  BatchReader reader{batch};
  bool well_formed = true;
  while (auto run = reader.next_run()) {
    StoredRun stored{.source = run->head.source,
                     .topic = run->head.topic,
                     .dataschema = run->head.dataschema,
                     .first_event = count(),
                     .event_count = 0,
                     .chosen_ids = run->head.chosen_ids};
    while (const auto event = run->next_event()) {
      events.push_back({event->bytes, event->envelope_bytes, event->expirytime != 0, hash_key(event->key())});
    }
    well_formed = well_formed && !run->malformed();
    stored.event_count = count() - stored.first_event;
    if (stored.event_count > 0) runs.push_back(stored);
  }
  if (!well_formed || reader.malformed()) {
    runs.resize(runs_before);
    events.resize(events_before);
    return false;
  }
  pieces.push_back(batch);
  owners.push_back(std::move(owner));
  return true;
}

void StoredBatch::append_own(std::string batch) {
  auto owner = std::make_shared<const std::string>(std::move(batch));
  const std::string_view bytes = *owner;
  [[maybe_unused]] const bool appended = append(std::move(owner), bytes);
  assert(appended && "a batch the broker made is well-formed");
}

std::uint64_t hash_key(std::string_view key) {
  return XXH3_64bits(key.data(), key.size());
}

}  // namespace reel::broker
