// One DELIVER frame in the making: consecutive hand-overs of one delivery number, attempt and kind.
//
//   DeliveryFrame frame{extent};
//   while (… && frame.takes(item, kind, place_of_it)) frame.add(item, kind, place_of_it, place_of_the_event);
//   edge.deliver(to, frame.take_header(), frame.take_batch());
//
// Where it holds a whole batch as its publisher sent it, that is what goes out; nothing is copied.
//
// An event that is handed over once more stands elsewhere than the record that says so: the spans name the
// record, by which it is settled, and the origins name the event.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dispatch/dispatch.h"
#include "event/batch.h"
#include "journal/stored_batch.h"
#include "reel/v1/wire.pb.h"
#include "session/body.h"

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

  [[nodiscard]] bool empty() const { return stretches_.empty(); }
  /// Whether there is room for what stands there, and the hand-over is of the frame's kind.
  [[nodiscard]] bool takes(const HandOver& item, v1::Redelivery kind, const Place& place) const;
  /// `record` is what is settled, `event` what it is about: one and the same unless it is a redelivery.
  void add(const HandOver& item, v1::Redelivery kind, const Place& record, const Place& event);

  /// What was handed over, for the ledger's report.
  void note_delivered(std::vector<v1::Delivered>& delivered, LogTime now) const;
  /// The frame and its batch; nothing may be added after.
  [[nodiscard]] v1::FromBroker take_header() { return std::move(header_); }
  [[nodiscard]] Body take_batch();

 private:
  /// Consecutive events of one batch, by index.
  struct Stretch {
    StoredBatchPtr batch;
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
  };
  [[nodiscard]] bool goes_as_it_came(const Stretch& stretch) const;
  void write(const Stretch& stretch, BatchWriter& writer, const StoredRun*& open) const;

  const Extent& extent_;
  v1::FromBroker header_;
  std::vector<Stretch> stretches_;
  const StoredRun* run_ = nullptr;  // the last event's
  bool cut_ = false;                // its events go without their data
  std::size_t bytes_ = 0;           // of the events, as they are sent
};

}  // namespace reel::broker
