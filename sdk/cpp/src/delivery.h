// Delivered events on their way to handlers: the frame they came in, and the place of each in it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/batch.h"
#include "frame.h"
#include "reel/v1/wire.pb.h"
#include "settle_batcher.h"

namespace reel::sdk {

struct HandlerSet;
class HandlerCache;

/// More events in one DELIVER than any credit allows: not a frame to believe.
inline constexpr std::uint64_t delivered_events_max = 1u << 20;

/// A run of a delivered batch, and who handles it.
struct DeliveredRun {
  RunHead head;
  const HandlerSet* handlers = nullptr;
};

/// A DELIVER frame, kept for as long as one of its events is unhandled.
struct DeliveredFrame {
  Body body;
  std::vector<DeliveredRun> runs;
  std::uint32_t delivery = 0;
  std::uint32_t attempt = 0;
  std::uint64_t settled = 0;  ///< the last SETTLE that it takes into account
  std::uint64_t session = 0;  ///< counts sessions: what came in a lost one is void
  v1::Redelivery redelivery = v1::REDELIVERY_NONE;
  std::atomic<std::uint32_t> unhandled{0};

  /// `count` of its events are done with; the last one deletes the frame.
  static void release(DeliveredFrame* frame, std::uint32_t count) {
    if (count != 0 && frame->unhandled.fetch_sub(count, std::memory_order_acq_rel) == count) delete frame;
  }
};

/// One event for one handler run. Fits a cache line.
struct Task {
  std::uint64_t key_hash = 0;
  std::uint64_t offset = 0;  ///< by which it is settled
  std::uint64_t origin = 0;  ///< where the event stands: another place where it is handed over once more
  std::uint64_t recordedtime = 0;
  std::string_view bytes;           ///< the encoded reel.v1.Event
  DeliveredFrame* frame = nullptr;  ///< none: what a lane is told of a key, see keyed_workers.h
  std::uint32_t run : 31 = 0;       ///< in frame->runs
  std::uint32_t in_batch : 1 = 0;   ///< its handler takes batches
  std::uint32_t delivery = 0;       ///< the frame's, for who may not look into that
};
static_assert(sizeof(Task) == 64);

/// By which its result is told.
[[nodiscard]] inline Delivery delivery_of(const Task& task) {
  return {.session = task.frame->session,
          .offset = task.offset,
          .delivery = task.frame->delivery,
          .time = static_cast<std::uint32_t>(task.recordedtime),
          .key_hash = task.key_hash};
}

/// Deliveries that the broker took back.
class TakenBackSet {
 public:
  explicit TakenBackSet(std::vector<v1::Settle::Ack> deliveries);
  [[nodiscard]] bool has(const Task& task) const;

 private:
  std::vector<v1::Settle::Ack> ranges_;  // in order
};

/// The frame a DELIVER and its batch make, and in `tasks` its events. Nothing where the bytes are malformed
/// or name another number of events than they hold. The first call of release() for its last task, or the
/// pointer where `tasks` is empty, deletes it.
[[nodiscard]] std::unique_ptr<DeliveredFrame> read_delivery(const v1::Deliver& deliver, Body body,
                                                            std::uint64_t session, HandlerCache& handlers,
                                                            std::vector<Task>& tasks);

/// Calls each(offset, log time) for the events that a DELIVER's spans or origins name, in order. False where
/// they name more than `events_max`.
template <class Each>
bool for_each_place(const google::protobuf::RepeatedPtrField<v1::Span>& spans, std::uint64_t events_max,
                    Each each) {
  std::uint64_t total = 0;
  for (const auto& span : spans) {
    total += span.count();
    if (total > events_max) return false;
    for (std::uint32_t i = 0; i < span.count(); ++i) each(span.offset() + i, span.log_time() + i);
  }
  return true;
}

}  // namespace reel::sdk
