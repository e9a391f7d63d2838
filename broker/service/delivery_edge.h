// What the queue of a service needs of the rest of the broker; tests give a fake.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dispatch/dispatch.h"
#include "journal/stored_batch.h"
#include "reel/v1/wire.pb.h"
#include "route/router.h"
#include "service/selections.h"
#include "session/body.h"

namespace reel::broker {

/// Where a read's batches go: to the feed, to the redeliveries, whose events lie elsewhere, or to what was
/// left unread before.
enum class Reading : std::uint8_t { feed, origins, left };
inline constexpr std::size_t readings = 3;

class DeliveryEdge {
 public:
  virtual ~DeliveryEdge() = default;
  /// The committed batch that holds `offset`, if it is in memory.
  [[nodiscard]] virtual StoredBatchPtr recent(Offset offset) const = 0;
  /// Behind the last committed event.
  [[nodiscard]] virtual Offset committed_end() const = 0;
  /// Whether one of the service's patterns matches `topic`.
  [[nodiscard]] virtual bool wants(ServiceIndex service, std::string_view topic) = 0;
  /// Whether the service must be asked about each event of `topic`, since its patterns have a `when`.
  [[nodiscard]] virtual bool is_choosy(ServiceIndex service, std::string_view topic) = 0;
  /// Of the batch's events on such topics those it wants, as far as `asks_left` lasts; nothing where they are
  /// to be asked about one by one.
  [[nodiscard]] virtual std::optional<Selections::Picked> picked(ServiceIndex service,
                                                                 const StoredBatch& batch,
                                                                 std::uint32_t until,
                                                                 std::size_t& asks_left) = 0;
  /// Asks it about one.
  [[nodiscard]] virtual bool wants_event(ServiceIndex service, const StoredRun& run, const StoredEvent& event,
                                         Offset offset) = 0;
  /// Asks for about a stretch of batches from `from`; the answer comes by ServiceQueue::take_read().
  virtual void read(ServiceIndex service, Reading reading, Offset from) = 0;
  virtual void deliver(InstanceId to, v1::FromBroker frame, Body batch) = 0;
};

}  // namespace reel::broker
