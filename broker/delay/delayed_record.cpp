#include "delay/delayed_record.h"

namespace reel::broker {

std::optional<v1::Delayed> read_delayed(std::string_view payload) {
  v1::Delayed delayed;
  if (!delayed.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) return std::nullopt;
  if (delayed.due() == 0 || !read_event(delayed.event())) return std::nullopt;
  return delayed;
}

std::optional<v1::Delayed> delayed_at(const StoredBatch& batch, Offset offset) {
  if (offset < batch.first_offset || offset >= batch.end_offset()) return std::nullopt;
  const auto index = static_cast<std::uint32_t>(offset - batch.first_offset);
  const auto& run = batch.run_of(index);
  if (run.source != broker_source || run.topic != delayed_topic) return std::nullopt;
  const auto record = read_event(batch.events[index].bytes);
  return record ? read_delayed(record->data) : std::nullopt;
}

void DelayedWriter::add(const StoredRun& run, const EventView& event) {
  v1::Delayed delayed;
  delayed.set_due(event.delivertime);
  delayed.set_source(std::string{run.source});
  delayed.set_topic(std::string{run.topic});
  delayed.set_dataschema(std::string{run.dataschema});
  delayed.set_chosen_ids(run.chosen_ids);
  delayed.set_event(std::string{event.bytes});
  write(delayed, event);
}

void DelayedWriter::add_moved(v1::Delayed delayed, Offset from) {
  const auto event = read_event(delayed.event());
  if (!event) return;  // read_delayed has seen to it
  delayed.set_moved_from(from);
  write(delayed, *event);
}

void DelayedWriter::write(const v1::Delayed& delayed, const EventView& event) {
  if (writer_.empty()) {
    writer_.begin_run({.source = broker_source,
                       .topic = delayed_topic,
                       .dataschema = v1::Delayed::descriptor()->full_name()});
  }
  const auto data = delayed.SerializeAsString();
  writer_.add({.id = event.id,
               .correlationid = event.correlationid,
               .causationid = event.causationid,
               .time = event.time,
               .data = data});
}

}  // namespace reel::broker
