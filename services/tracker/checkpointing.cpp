// The watch's checkpoints: what changed goes to the store, as it was when the checkpoint began, while the
// turns go on.
//
//     none ──begin──▶ gathering ──all copied──▶ committing ──on disk──▶ acknowledged: none
//
// A checkpoint of a hundred thousand flows takes some 100 ms to copy. So each turn copies some of them, and a
// flow that is to change before its turn has come is copied first (FlowTable::begin_saving).
#include <algorithm>
#include <limits>
#include <utility>

#include "tracker/flow_record.h"
#include "tracker/watch.h"

namespace reel::tracker {

// The more changes, the more one checkpoint spares the next: flows that change again are written once. So
// where much changes it is put off; but not where nothing comes, for then the broker may hand out nothing
// until it is acknowledged.
bool Watch::is_checkpoint_due(Time now) const {
  const std::size_t changed = tracker_.flows().changed() + remembered_.forgotten();
  const bool news = unsaved_ > 0 || changed != 0 || !outbox_.added().empty() || !outbox_.removed().empty();
  if (waits_for_checkpoint()) return true;
  if (!news) return false;
  if (unsaved_ >= checkpoint_events_max || changed >= checkpoint_flows_max) return true;
  if (tracker_.flows().changed_bytes() >= checkpoint_bytes_max) return true;
  const bool put_off = unsaved_ > checkpoint_events_small && now - last_event_ < checkpoint_idle;
  const Time::duration interval = options_.checkpoint_interval;
  return now - last_checkpoint_ >=
         (put_off ? std::max<Time::duration>(interval, checkpoint_interval_busy) : interval);
}

void Watch::begin_checkpoint(Time now) {
  gathering_.emplace(next_batch());
  begin_saving(*gathering_);
  inbox_.mark();
  unsaved_ = 0;
  last_checkpoint_ = now;
  go_on_with_checkpoint();
}

void Watch::go_on_with_checkpoint() {
  if (gathering_ && !tracker_.flows().save_some(saved_per_turn, saved_bytes_per_turn)) {
    committer_.begin(*std::move(gathering_));
    gathering_.reset();
    committing_ = true;
  } else if (committing_ && committer_.ended()) {
    checkpoint_ended();
  }
}

void Watch::finish_checkpoint() {
  while (gathering_) go_on_with_checkpoint();
  if (!committing_) return;
  committer_.wait();
  checkpoint_ended();
}

// Of the flows in memory, those that are not changed are in the store just now.
void Watch::checkpoint_ended() {
  committing_ = false;
  ++checkpoints_;
  incidents_.saved();
  remembered_.saved();
  inbox_.acknowledge();
  const std::uint64_t latest = tracker_.watermark();
  tracker_.rest(rest_slots, latest < rest_after_ns ? 0 : latest - rest_after_ns);
}

void Watch::checkpoint(Time now) {
  finish_checkpoint();
  begin_checkpoint(now);
  finish_checkpoint();
}

void Watch::stop(Time now) {
  checkpoint(now);
  const auto refuse = [](std::uint64_t id, const Send& send) {
    v1::Reply reply;
    reply.set_id(id);
    reply.set_error("the tracker stops");
    send(std::move(reply));
  };
  for (const Deferred& one : std::exchange(deferred_, {})) refuse(one.request.id(), one.send);
  if (const auto left = std::exchange(reapplying_, std::nullopt)) refuse(left->reply.id(), left->send);
}

void Watch::save_for_reading() {
  constexpr std::size_t all = std::numeric_limits<std::size_t>::max();
  finish_checkpoint();
  StoreBatch batch = next_batch();
  begin_saving(batch);
  (void)tracker_.flows().save_some(all, all);
  store_.commit(batch, Store::Durability::written);
  incidents_.saved();
  remembered_.saved();
}

StoreBatch Watch::next_batch() {
  if (!erasures_) return store_.batch(tracker_.flows().changed());
  StoreBatch batch = *std::move(erasures_);
  erasures_.reset();
  return batch;
}

// Everything but the flows is copied at once; how far all this is, is true of the flows as they are now.
void Watch::begin_saving(StoreBatch& batch) {
  for (; names_saved_ != names_.end(); ++names_saved_)
    batch.put_name(names_saved_, names_.text(names_saved_));
  for (const std::uint64_t number : outbox_.added()) {
    if (const auto* event = outbox_.find(number)) batch.put_outgoing(number, *event);
  }
  for (const std::uint64_t number : outbox_.removed()) batch.erase_outgoing(number);
  for (const Name topic : tracker_.emitters().take_changed())
    batch.put_emitters(topic, tracker_.emitters().to_store(topic));
  for (const auto& id : incidents_.changed()) batch.put_incident(id, incidents_.find(id));
  for (const auto& [key, incident] : incidents_.changed_entries()) batch.put_overdue(key, incident);

  stored::Progress progress;
  progress.set_handled_offset(tracker_.handled_offset());
  progress.set_watermark(tracker_.watermark());
  progress.set_next_outgoing(outbox_.next_number());
  tracker_.tally().save(progress, definitions_, names_);
  batch.put_progress(progress);
  outbox_.mark_saved();
  incidents_.mark_saving();
  tracker_.flows().begin_saving([&batch](const FlowTable::Saved& flow) {
    batch.put_flow(flow.record, flow.state, flow.state_before);
    std::uint32_t number = flow.first_chunk;
    for (const std::string_view chunk : flow.chunks)
      batch.put_chunk(correlation_of(flow.record), number++, chunk);
  });
}

}  // namespace reel::tracker
