// One service's way from the journal to its instances: finds the events it wants, offers them to its
// Dispatch, and turns what Dispatch hands over into DELIVER frames.
//
//   queue.join(session…);
//   queue.wake(batch.first_offset);        // a batch was committed that it wants something of
//   queue.turn(now, edge);                 // feeds, hands over, sends; asks edge.read() for what is not in
//   memory queue.take_read(batches);              // what that read brought
//
// A service is fed only as far as its instances can soon take, so what it holds in memory does not depend on
// how far it is behind: offsets and key hashes up to the window, payloads from the shared tail or from one
// stretch of the journal read ahead.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dispatch/dispatch.h"
#include "journal/tail.h"
#include "ledger/ledger.h"
#include "reel/v1/wire.pb.h"
#include "route/router.h"

namespace reel::broker {

/// What a ServiceQueue needs of the rest of the broker; tests give a fake.
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
  /// Asks it about one.
  [[nodiscard]] virtual bool wants_event(ServiceIndex service, const StoredRun& run, const StoredEvent& event,
                                         Offset offset) = 0;
  /// Asks for about a stretch of batches from `from`; the answer comes by take_read().
  virtual void read(ServiceIndex service, Offset from) = 0;
  virtual void deliver(InstanceId to, v1::FromBroker frame, std::string batch) = 0;
};

class ServiceQueue {
 public:
  struct Options {
    std::string name;
    ServiceIndex index{};
    config::Service policy;
    std::size_t window_events_max = 0;
    bool ephemeral = false;
    /// First offset it has not been offered.
    Offset next = 1;
    /// What the journal said about it before this start; null for a new service.
    const ServiceRecord* recovered = nullptr;
    /// Everything before this offset may be in `recovered`.
    Offset recovered_end = 0;
    std::uint64_t jitter_seed = 1;
  };
  explicit ServiceQueue(Options options);

  struct Member {
    InstanceId id{};
    std::uint32_t credit_events = 0;
    std::uint32_t credit_bytes = 0;
    bool envelope_only = false;
  };
  void join(const Member& member);
  [[nodiscard]] Settlement leave(InstanceId id, bool lost, LogTime now);

  /// Patterns changed: events before `from_offset` of a pattern are not wanted under it.
  void set_patterns(std::vector<v1::Pattern> patterns);
  [[nodiscard]] const std::vector<v1::Pattern>& patterns() const { return patterns_; }

  /// A batch beginning at `first` was committed, and has something this service wants.
  void wake(Offset first);
  /// Does what can be done now. Returns failures of events that cannot be delivered any more.
  [[nodiscard]] Settlement turn(LogTime now, DeliveryEdge& edge);
  /// The answer to edge.read(); `gone_before`: the journal holds nothing older.
  void take_read(std::vector<StoredBatchPtr> batches, Offset gone_before);
  /// The journal cannot be read where this service stands: it waits until then before it asks again.
  void read_failed(LogTime again_at);

  [[nodiscard]] Dispatch& dispatch() { return dispatch_; }
  [[nodiscard]] const Dispatch& dispatch() const { return dispatch_; }
  [[nodiscard]] const std::string& name() const { return options_.name; }
  [[nodiscard]] bool ephemeral() const { return options_.ephemeral; }
  [[nodiscard]] bool has_members() const { return !members_.empty(); }
  /// Everything committed was looked at and handed over, and nothing was given back since.
  [[nodiscard]] bool caught_up() const {
    return caught_up_ && dispatch_.held() == dispatch_.in_flight() && outboxes_empty();
  }
  /// The last turn ended because it had asked about enough events: another will find more to do.
  [[nodiscard]] bool asked_enough() const { return asks_left_ == 0; }
  [[nodiscard]] bool behind() const { return !caught_up_; }
  [[nodiscard]] Offset next_offset(Offset committed_end) const { return caught_up_ ? committed_end : next_; }
  /// Every event it wants before this offset is settled.
  [[nodiscard]] Offset floor(Offset committed_end) const;

  /// What was handed to `id` since the last call, for the ledger's report.
  [[nodiscard]] std::vector<v1::Delivered> take_delivered(InstanceId id);

 private:
  struct Instance {
    Member member;
    std::deque<HandOver> outbox;           // handed over, payload not yet sent
    bool waited = false;                   // the outbox waits for a payload
    std::vector<v1::Delivered> delivered;  // sent, not yet reported
  };

  void feed(DeliveryEdge& edge);
  [[nodiscard]] Offset feed_batch(const StoredBatch& batch, DeliveryEdge& edge);
  [[nodiscard]] bool may_feed() const;
  void hand_over(LogTime now);
  void flush(Instance& instance, DeliveryEdge& edge, LogTime now, Settlement& lost);
  [[nodiscard]] StoredBatchPtr payload(Offset offset, DeliveryEdge& edge);
  void request(Offset from, DeliveryEdge& edge);
  [[nodiscard]] bool outboxes_empty() const;
  [[nodiscard]] bool wanted(Offset offset, std::string_view topic) const;

  Options options_;
  Dispatch dispatch_;
  std::map<InstanceId, Instance> members_;
  std::vector<v1::Pattern> patterns_;
  Offset patterns_from_ = 0;  // at and behind this offset every pattern applies

  Offset next_;  // the next to be looked at, unless caught up
  bool caught_up_ = false;
  bool stalled_ = false;  // credit is free, but nothing that was offered can use it: its keys wait
  std::deque<StoredBatchPtr> stretch_;  // read ahead from the journal
  Offset gone_before_ = 0;
  bool reading_ = false;
  std::size_t asks_left_ = 1;  // of this turn
  LogTime read_again_at_ = 0;
  LogTime now_ = 0;            // of this turn
  std::vector<Offer> offers_;  // scratch
};

}  // namespace reel::broker
