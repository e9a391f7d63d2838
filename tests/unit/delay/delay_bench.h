// Records about delayed events, as the journal holds them, for tests of what is made of them.
#pragma once

#include <string>

#include "delay/delays.h"
#include "event/batch.h"

namespace reel::broker {

/// An event with this id that is due then; its flow is "c".
inline std::string delayed_event(const std::string& id, LogTime due) {
  std::string bytes;
  append_event(bytes, {.id = id, .correlationid = "c", .delivertime = due, .data = "x"});
  return bytes;
}

/// A batch of one record that delays an event of "shop/1" on order.reminded.
inline StoredBatch delay_batch(Offset offset, const std::string& id, LogTime due, bool chosen = false) {
  const auto bytes = delayed_event(id, due);
  const StoredRun run{.source = "shop/1", .topic = "order.reminded", .dataschema = "T", .chosen_ids = chosen};
  DelayedWriter writer;
  writer.add(run, *read_event(bytes));
  StoredBatch batch;
  batch.first_offset = offset;
  batch.append_own(writer.take());
  return batch;
}

/// A batch of one record by which the event that stood at `from` stands at `offset`.
inline StoredBatch move_batch(Offset offset, const StoredBatch& from) {
  DelayedWriter writer;
  writer.add_moved(*delayed_at(from, from.first_offset), from.first_offset);
  StoredBatch batch;
  batch.first_offset = offset;
  batch.append_own(writer.take());
  return batch;
}

inline StoredBatch ended_batch(Offset offset, const std::vector<Offset>& over) {
  v1::DelayedEnded ended;
  for (const auto one : over) ended.add_offsets(one);
  const auto data = ended.SerializeAsString();
  BatchWriter writer;
  writer.begin_run(
      {.source = broker_source, .topic = delayed_ended_topic, .dataschema = "reel.v1.DelayedEnded"});
  writer.add({.id = "e", .correlationid = "c", .data = data});
  StoredBatch batch;
  batch.first_offset = offset;
  batch.append_own(writer.take());
  return batch;
}

/// "7@100 9@200": offsets and due times.
inline std::string text_of(const std::vector<Delays::Waiting>& waiting) {
  std::string text;
  for (const auto& [due, offset] : waiting)
    text += (text.empty() ? "" : " ") + std::to_string(offset) + "@" + std::to_string(due);
  return text;
}

/// All that wait.
inline std::string text_of(const Delays& delays) {
  return text_of(delays.page({}, 1'000'000));
}

}  // namespace reel::broker
