// What a Stream holds between the connection that fills it and the reader that empties it, and what the
// reader owes in acks. A plain class under the stream's lock; the sessions it outlives are counted.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "frame.h"
#include "reel/stream.h"
#include "reel/v1/wire.pb.h"

namespace reel::sdk {

/// While so many SETTLEs are unanswered, further acks wait and are merged.
inline constexpr std::size_t stream_settles_in_flight_max = 4;

class StreamQueue {
 public:
  /// The connection.
  void subscribed(const v1::Subscribed& subscribed);
  void delivered(const v1::Deliver& deliver, Body body);
  void beaten(const v1::BrokerBeat& beat);
  void settled(std::uint64_t sequence);
  /// Unread deliveries and owed acks are void: they come again.
  void lost();
  void refused(const std::string& text);
  [[nodiscard]] std::optional<v1::ToBroker> take_settle();
  /// Where a subscription without memory goes on: behind what was given out, or where the journal ended when
  /// there was no more for it. One that began with the newest event of each topic must begin so again, until
  /// it has come to where the journal ended then.
  [[nodiscard]] std::optional<std::uint64_t> goes_on_at(bool last_per_topic) const;

  /// The reader. Something next() would not call idle.
  [[nodiscard]] bool has_news() const { return !items_.empty(); }
  /// Fills all but `events` for kinds other than events. False where the delivery is malformed.
  [[nodiscard]] bool next(StreamBatch& batch);
  [[nodiscard]] std::uint64_t batches() const { return batches_; }
  void ack_all() { ack_upto(batches_); }
  void ack_upto(std::uint64_t batch_number);
  void ack(std::span<const std::uint64_t> offsets);
  /// Ranges given out and not acked.
  [[nodiscard]] std::size_t outstanding() const { return by_batch_.size(); }
  [[nodiscard]] bool acks_waiting() const { return !acks_.empty(); }
  [[nodiscard]] bool acks_unanswered() const { return !acks_.empty() || !in_flight_.empty(); }

 private:
  struct Item {
    enum class Kind : std::uint8_t { joined, delivery, refused } kind = Kind::delivery;
    v1::Deliver deliver;
    Body body;
    std::uint64_t first_offset = 0;
    std::uint64_t log_time = 0;
    std::uint64_t watermark = 0;  // the broker's, heard behind this item
    std::uint64_t upto = 0;       // and the journal's end with it
    std::string text;
  };
  struct Range {
    std::uint32_t count;
    std::uint32_t delivery;
    std::uint64_t batch;  ///< it was given out in
  };

  void advance(std::uint64_t watermark, std::uint64_t upto);
  void put_outstanding(std::uint64_t first, const Range& range);

  std::deque<Item> items_;
  std::uint64_t watermark_ = 0;  // of what was given out
  std::uint64_t end_offset_ = 0;
  std::uint64_t given_upto_ = 0;
  std::uint64_t next_offset_ = 0;  // behind the last event given out; 0: none was
  std::uint64_t joined_at_ = 0;    // the journal's end when it joined for the first time; 0: it has not
  Item given_;                     // what the reader's views look into
  std::vector<StreamEvent> given_events_;

  std::map<std::uint64_t, Range> outstanding_;                  // given out, not acked; by first offset
  std::set<std::pair<std::uint64_t, std::uint64_t>> by_batch_;  // their batches and first offsets; or stale
  std::vector<v1::Settle::Ack> acks_;
  std::deque<std::uint64_t> in_flight_;
  std::uint64_t next_sequence_ = 1;
  std::uint64_t batches_ = 0;  // given out
};

}  // namespace reel::sdk
