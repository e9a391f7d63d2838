// What one instance was handed and has not been sent: its way into DELIVER frames.
//
//   outbox.add(handed);
//   while (const auto unsendable = outbox.send(reads, dispatch, edge, now)) …   // settle it; then go on
//
// What is to be handed over once more is a record on the service's redelivery topic: what is sent is the
// event that it names. An event that the journal has not in memory waits for its read, and what is behind it
// too.
#pragma once

#include <deque>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "dispatch/dispatch.h"
#include "service/delivery_frame.h"
#include "service/read_ahead.h"

namespace reel::broker {

class Outbox {
 public:
  struct Member {
    InstanceId id{};
    std::uint32_t credit_events = 0;
    std::uint32_t credit_bytes = 0;
    DeliveryFrame::Extent extent = {};
    bool tells_begun = false;
  };
  /// `redelivery_topic`, the service's own, must outlive this; records on those of others are events like
  /// any. What was sent is reported, unless the service is `ephemeral`. One that `reads_the_log` is sent what
  /// has expired, too: that is of no use to who would act on it, and has happened all the same.
  Outbox(std::string_view redelivery_topic, bool ephemeral, bool reads_the_log)
      : redelivery_topic_{redelivery_topic}, ephemeral_{ephemeral}, reads_the_log_{reads_the_log} {}

  void set_member(const Member& member) { member_ = member; }
  [[nodiscard]] const Member& member() const { return member_; }

  void add(const HandOver& item, const Dispatch& dispatch) {
    if (items_.empty()) held_at_ = dispatch.given_back();
    items_.push_back(item);
  }
  [[nodiscard]] bool empty() const { return items_.empty(); }
  /// Sends what can be sent. Returns an event that cannot be delivered at all, which is out of the box then:
  /// it has expired, or the journal no longer has it.
  [[nodiscard]] std::optional<Nack> send(ReadAhead& reads, const Dispatch& dispatch, DeliveryEdge& edge,
                                         LogTime now);
  /// What was sent since the last call, for the ledger's report.
  [[nodiscard]] std::vector<v1::Delivered> take_delivered() { return std::exchange(delivered_, {}); }

 private:
  /// What became of the next item.
  enum class Next : std::uint8_t {
    added,         ///< it is in the frame, or not to be sent any more
    other_frame,   ///< it belongs into another one
    read_awaited,  ///< its bytes are being read
    unsendable,
  };
  [[nodiscard]] Next add_next(DeliveryFrame& frame, ReadAhead& reads, const Dispatch& dispatch,
                              DeliveryEdge& edge, LogTime now);
  /// While it waited its turn, or its payload was read, the dispatch may have taken it back.
  [[nodiscard]] bool was_taken_back(const HandOver& item, const Dispatch& dispatch) const {
    return dispatch.given_back() != held_at_ && !dispatch.holds(member_.id, item.offset, item.delivery);
  }
  [[nodiscard]] Next not_at_hand(Offset offset, const ReadAhead& reads);
  void pop();
  [[nodiscard]] Next take_out(std::string_view error_type, std::string_view error, bool expired);

  const std::string_view redelivery_topic_;
  const bool ephemeral_;
  const bool reads_the_log_;
  Member member_;
  std::deque<HandOver> items_;
  // Of the first item, while the event that its record names is read. Another instance may wait for a record
  // elsewhere: each would read away what the other one waits for, for ever.
  StoredBatchPtr record_;
  std::uint64_t held_at_ = 0;             // dispatch.given_back() when all of them were this instance's
  std::vector<v1::Delivered> delivered_;  // sent, not yet reported
  std::optional<Nack> unsendable_;
};

}  // namespace reel::broker
