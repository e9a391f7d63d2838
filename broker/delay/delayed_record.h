// An event that is kept until it is due, as it stands in the journal: a record of the broker's own on
// reel.delayed with the event inside. The record bears the event's id and flow, so that it is found by them.
//
//   DelayedWriter records;
//   records.add(run, event);                         // as it was admitted
//   records.add_moved(delayed, old_offset);          // written again, so that an old segment may go
//   batch.append_own(records.take());
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "event/batch.h"
#include "journal/stored_batch.h"
#include "reel/v1/ledger.pb.h"

namespace reel::broker {

inline constexpr std::string_view delayed_topic = "reel.delayed";
inline constexpr std::string_view delayed_ended_topic = "reel.delayed.ended";

[[nodiscard]] constexpr bool is_delay_topic(std::string_view topic) {
  return topic == delayed_topic || topic == delayed_ended_topic;
}

/// The payload of a record on reel.delayed; nothing where the bytes are not one, or there is no event in it.
[[nodiscard]] std::optional<v1::Delayed> read_delayed(std::string_view payload);
/// The record at `offset` of a batch; nothing where there is none.
[[nodiscard]] std::optional<v1::Delayed> delayed_at(const StoredBatch& batch, Offset offset);

/// Writes records as an encoded batch.
class DelayedWriter {
 public:
  /// `event` is one of `run`, and has a delivertime.
  void add(const StoredRun& run, const EventView& event);
  /// The record that stood at `from`.
  void add_moved(v1::Delayed delayed, Offset from);

  [[nodiscard]] bool empty() const { return writer_.empty(); }
  [[nodiscard]] std::size_t bytes() const { return writer_.size(); }
  [[nodiscard]] std::string take() { return writer_.take(); }

 private:
  void write(const v1::Delayed& delayed, const EventView& event);

  BatchWriter writer_;
};

}  // namespace reel::broker
