// One DELIVER frame in the making: consecutive hand-overs of one delivery number, attempt and kind.
//
//   DeliveryFrame frame{extent};
//   while (… && frame.takes(item, kind)) frame.add(item, kind, place_of_it, place_of_the_event);
//   edge.deliver(to, frame.header(), frame.take_batch());
//
// An event that is handed over once more stands elsewhere than the record that says so: the spans name the
// record, by which it is settled, and the origins name the event.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "dispatch/dispatch.h"
#include "event/batch.h"
#include "journal/stored_batch.h"
#include "reel/v1/wire.pb.h"

namespace reel::broker {

/// An event in a batch that is at hand.
struct Place {
  const StoredBatchPtr& batch;
  Offset offset = 0;

  [[nodiscard]] std::uint32_t index() const {
    return static_cast<std::uint32_t>(offset - batch->first_offset);
  }
  [[nodiscard]] const StoredEvent& event() const { return batch->events[index()]; }
  [[nodiscard]] LogTime log_time() const { return batch->log_time + (offset - batch->first_offset); }
};

class DeliveryFrame {
 public:
  /// Large enough that ZeroMQ's cost per frame disappears, small enough to stay in the cache.
  static constexpr std::size_t bytes_target = 256u << 10;

  /// What an instance wants of each event: all of it, or the envelope unless the topic is one of these.
  struct Extent {
    bool envelope_only = false;
    std::set<std::string, std::less<>> data_topics = {};

    [[nodiscard]] bool is_cut(std::string_view topic) const {
      return envelope_only && !data_topics.contains(topic);
    }
  };

  /// `extent` must outlive the frame.
  explicit DeliveryFrame(const Extent& extent) : extent_{extent} {}

  [[nodiscard]] bool empty() const { return writer_.empty(); }
  /// Whether there is room, and the hand-over is of the frame's kind.
  [[nodiscard]] bool takes(const HandOver& item, v1::Redelivery kind) const;
  /// `record` is what is settled, `event` what it is about: one and the same unless it is a redelivery.
  void add(const HandOver& item, v1::Redelivery kind, const Place& record, const Place& event);

  /// What was handed over, for the ledger's report.
  void note_delivered(std::vector<v1::Delivered>& delivered, LogTime now) const;
  /// The frame and its batch; nothing may be added after.
  [[nodiscard]] v1::FromBroker take_header() { return std::move(header_); }
  [[nodiscard]] std::string take_batch() { return writer_.take(); }

 private:
  const Extent& extent_;
  bool cut_ = false;  // the events of the open run
  v1::FromBroker header_;
  BatchWriter writer_;
  StoredBatchPtr batch_;            // the last event's
  const StoredRun* run_ = nullptr;  // of that batch, open
};

}  // namespace reel::broker
