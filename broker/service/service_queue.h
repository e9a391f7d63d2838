// One service's way from the journal to its instances: finds the events it wants, offers them to its
// Dispatch, and turns what Dispatch hands over into DELIVER frames.
//
//   queue.join(session…);
//   queue.wake(batch.first_offset);        // a batch was committed that it wants something of
//   queue.turn(now, edge);                 // feeds, hands over, sends; asks edge.read() for what it has not
//   queue.take_read(reading, batches);     // what that read brought
//
// What is to be handed over once more is a record on the service's own redelivery topic: it is fed and
// settled like an event, and what is sent is the event that it names.
//
// A service is fed only as far as its instances can soon take, so what it holds in memory does not depend on
// how far it is behind: offsets and key hashes up to the window, payloads from the shared tail or from one
// stretch of the journal read ahead.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "dispatch/dispatch.h"
#include "journal/tail.h"
#include "ledger/ledger.h"
#include "reel/v1/wire.pb.h"
#include "route/router.h"
#include "service/delivery_frame.h"
#include "service/parked_keys.h"

namespace reel::broker {

/// Where a read's batches go: to the feed, or to the redeliveries, whose events lie elsewhere.
enum class Reading : std::uint8_t { feed, origins };

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
  virtual void read(ServiceIndex service, Reading reading, Offset from) = 0;
  virtual void deliver(InstanceId to, v1::FromBroker frame, std::string batch) = 0;
};

class ServiceQueue {
 public:
  struct Options {
    std::string name;
    ServiceIndex index{};
    config::Service policy;
    std::size_t window_events_max = 0;
    std::size_t parked_events_max = 1'000'000;
    bool ephemeral = false;
    /// First offset it has not been offered.
    Offset next = 1;
    /// What the ledger knows of it, and goes on learning; it outlives this. Null where it knew nothing at
    /// this start. Asked about what stands before `recovered_end`: of what came later nothing was settled by
    /// anybody before.
    const ServiceRecord* record = nullptr;
    Offset recovered_end = 0;
    std::uint64_t jitter_seed = 1;
    /// An instance that is there says so within this.
    LogTime told_within = 0;
  };
  explicit ServiceQueue(Options options);

  struct Member {
    InstanceId id{};
    std::uint32_t credit_events = 0;
    std::uint32_t credit_bytes = 0;
    DeliveryFrame::Extent extent = {};
    bool tells_begun = false;
  };
  void join(const Member& member);
  [[nodiscard]] Settlement leave(InstanceId id, bool lost, LogTime now);

  [[nodiscard]] Settlement settle(InstanceId id, std::span<const AckRange> acks, std::span<const Nack> nacks,
                                  LogTime now);
  [[nodiscard]] Settlement expire(LogTime now);
  /// A retry ends as a dead letter. False where it is in flight; whether it is held does not matter.
  [[nodiscard]] bool give_up(const v1::Failure& failure, Settlement& settlement);
  void retry_now(Offset offset) { (void)dispatch_.retry_now(offset); }
  void extend(InstanceId id, std::span<const AckRange> events, LogTime now) {
    dispatch_.extend(id, events, now);
  }

  void told(InstanceId id, const Begun& said, LogTime now) { dispatch_.told(id, said, now); }

  /// Nothing is handed over before this time; 0: at once.
  void pause(LogTime until) { paused_until_ = until; }
  [[nodiscard]] LogTime paused_until() const { return paused_until_; }
  [[nodiscard]] ParkedKeys& parked() { return parked_; }
  [[nodiscard]] const ParkedKeys& parked() const { return parked_; }

  /// Patterns changed: events before `from_offset` of a pattern are not wanted under it.
  void set_patterns(std::vector<v1::Pattern> patterns);
  [[nodiscard]] const std::vector<v1::Pattern>& patterns() const { return patterns_; }
  /// Of its patterns, those that no instance names: what only they match is fed and handed to nobody, until
  /// somebody names them or they are patterns of it no longer.
  void hold_back(std::vector<std::string> unnamed);

  /// A batch beginning at `first` was committed, and has something this service wants.
  void wake(Offset first);
  /// Does what can be done now. Returns failures of events that cannot be delivered any more, and what is
  /// parked.
  [[nodiscard]] Settlement turn(LogTime now, DeliveryEdge& edge);
  /// The answer to edge.read(); `gone_before`: the journal holds nothing older.
  void take_read(Reading reading, std::vector<StoredBatchPtr> batches, Offset gone_before);
  /// The journal cannot be read where this service stands: it waits until then before it asks again.
  void read_failed(Reading reading, LogTime again_at);
  /// When expire() and turn() have something to do next.
  [[nodiscard]] std::optional<LogTime> next_deadline() const;

  [[nodiscard]] const Dispatch& dispatch() const { return dispatch_; }
  [[nodiscard]] const std::string& name() const { return options_.name; }
  [[nodiscard]] bool ephemeral() const { return options_.ephemeral; }
  [[nodiscard]] bool has_members() const { return !members_.empty(); }
  /// When its last instance left; 0: it had none since the broker started.
  [[nodiscard]] LogTime left_at() const { return left_at_; }
  [[nodiscard]] const config::Service& policy() const { return options_.policy; }
  /// Everything committed was looked at and handed over, and nothing was given back since.
  [[nodiscard]] bool caught_up() const {
    return caught_up_ && dispatch_.held() == dispatch_.in_flight() && outboxes_empty();
  }
  /// The last turn ended because it had asked about enough events: another will find more to do.
  [[nodiscard]] bool asked_enough() const { return asks_left_ == 0; }
  [[nodiscard]] bool behind() const { return !caught_up_; }
  [[nodiscard]] Offset next_offset(Offset committed_end) const { return caught_up_ ? committed_end : next_; }
  /// Every event it wants before this offset is settled; what is parked one by one counts as that.
  [[nodiscard]] Offset floor(Offset committed_end) const;
  /// The oldest event it will yet need of the journal, redelivered and parked ones included.
  [[nodiscard]] Offset needed_from(Offset committed_end) const;
  /// Redelivery records were appended, the last of them at `last`; of the events they are about the oldest
  /// stands at `origin`. Known until the service has come to them; after a restart the ledger says so.
  void will_redeliver(Offset last, Offset origin) { redeliveries_ahead_[last] = origin; }

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
  void feed_event(const StoredRun& run, const StoredEvent& event, Offset offset);
  [[nodiscard]] bool may_feed() const;
  void hand_over(LogTime now);
  void flush(Instance& instance, DeliveryEdge& edge, LogTime now);
  [[nodiscard]] bool add_next(Instance& instance, DeliveryFrame& frame, DeliveryEdge& edge, LogTime now);
  [[nodiscard]] bool not_at_hand(Instance& instance, Offset offset);
  void bury(Instance& instance, std::string_view error_type, std::string_view error, bool expired);
  [[nodiscard]] Settlement noted(Settlement settlement);
  [[nodiscard]] const StoredBatchPtr& batch_at(Offset offset, Reading reading, DeliveryEdge& edge);
  void request(Reading reading, Offset from, DeliveryEdge& edge);
  [[nodiscard]] bool outboxes_empty() const;
  [[nodiscard]] bool wanted(Offset offset, std::string_view topic) const;
  [[nodiscard]] bool is_held_back(std::string_view topic) const;
  /// It failed before this start and still waits for another attempt: it goes on, whatever the patterns say
  /// now.
  [[nodiscard]] bool was_retrying(Offset offset) const;

  // Read ahead from the journal.
  struct Stretch {
    std::deque<StoredBatchPtr> batches;
    bool reading = false;
    LogTime read_again_at = 0;
    StoredBatchPtr last;  // looked at: the next event is mostly in it too
  };
  [[nodiscard]] Stretch& stretch(Reading reading) {
    return reading == Reading::feed ? feed_stretch_ : origins_stretch_;
  }

  Options options_;
  const std::string redelivery_topic_;  // its own
  Dispatch dispatch_;
  ParkedKeys parked_;
  // By last record: the oldest event. At most one for each dead letter while nobody serves; a replay and a
  // key that resumes wait for who does.
  std::map<Offset, Offset> redeliveries_ahead_;
  LogTime paused_until_ = 0;
  std::map<InstanceId, Instance> members_;
  LogTime left_at_ = 0;
  std::vector<v1::Pattern> patterns_;
  Offset patterns_from_ = 0;   // at and behind this offset every pattern applies
  std::set<Offset> given_up_;  // before they were fed; the ledger may not know yet
  std::set<std::string, std::less<>> unnamed_;
  std::map<std::string, std::vector<Offset>, std::less<>> held_back_;  // by topic; in the dispatch's window

  Offset next_;  // the next to be looked at, unless caught up
  bool caught_up_ = false;
  bool stalled_ = false;  // credit is free, but nothing that was offered can use it: its keys wait
  Stretch feed_stretch_;
  Stretch origins_stretch_;
  Offset gone_before_ = 0;
  std::size_t asks_left_ = 1;  // of this turn
  LogTime now_ = 0;            // of this turn
  Settlement outcome_;         // of this turn
  std::vector<Offer> offers_;  // scratch
};

}  // namespace reel::broker
