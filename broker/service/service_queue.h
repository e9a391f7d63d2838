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
// stretch of the journal read ahead. What follows a key's event that is tried again, or hangs, is left in the
// journal where it takes too much of the window, and read again when its turn comes (left_keys.h).
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dispatch/dispatch.h"
#include "ledger/ledger.h"
#include "reel/v1/wire.pb.h"
#include "service/breaker.h"
#include "service/delivery_edge.h"
#include "service/drain.h"
#include "service/interest.h"
#include "service/left_keys.h"
#include "service/outbox.h"
#include "service/pace.h"
#include "service/parked_keys.h"
#include "service/read_ahead.h"

namespace reel::broker {

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
    /// Its redelivery records before this offset are those of a former life.
    Offset began = 0;
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

  using Member = Outbox::Member;
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

  /// As Dispatch has it.
  void set_policy(const config::Service& policy) {
    options_.policy = policy;
    dispatch_.set_policy(policy);
  }

  /// Nothing is handed over before this time; 0: at once.
  void pause(LogTime until) { paused_until_ = until; }
  [[nodiscard]] LogTime paused_until() const { return paused_until_; }
  /// So much has failed in a row since the last call that the service is to be paused.
  [[nodiscard]] bool take_breaker_opened() { return breaker_.take_opened(); }
  [[nodiscard]] ParkedKeys& parked() { return parked_; }
  [[nodiscard]] const ParkedKeys& parked() const { return parked_; }
  /// Events that are left in the journal for later, although newer ones were fed.
  [[nodiscard]] std::size_t left() const { return parked_.left() + left_.events(); }
  /// Whether what stands there waits for another of its key, in the journal.
  [[nodiscard]] bool leaves(std::uint64_t key_hash, Offset offset) const {
    return left_.leaves(key_hash, offset);
  }

  /// Patterns changed: events before a pattern's begin_of their topic are not wanted under it.
  void set_patterns(std::vector<v1::Pattern> patterns) { interest_.set_patterns(std::move(patterns)); }
  [[nodiscard]] const std::vector<v1::Pattern>& patterns() const { return interest_.patterns(); }
  /// Of its patterns, those that no instance names: what only they match is fed and handed to nobody, until
  /// somebody names them or they are patterns of it no longer.
  void hold_back(std::vector<std::string> unnamed) { interest_.hold_back(std::move(unnamed), dispatch_); }

  /// A batch beginning at `first` was committed, and has something this service wants.
  void wake(Offset first);
  /// Does what can be done now. Returns failures of events that cannot be delivered any more, and what is
  /// parked.
  [[nodiscard]] Settlement turn(LogTime now, DeliveryEdge& edge);
  /// The answer to edge.read(); `gone_before`: the journal holds nothing older.
  void take_read(Reading reading, std::vector<StoredBatchPtr> batches, Offset gone_before);
  /// The journal cannot be read where this service stands: it waits until then before it asks again.
  void read_failed(Reading reading, LogTime again_at) { reads_.failed(reading, again_at); }
  /// When expire() and turn() have something to do next.
  [[nodiscard]] std::optional<LogTime> next_deadline() const;

  [[nodiscard]] const Dispatch& dispatch() const { return dispatch_; }
  [[nodiscard]] const std::string& name() const { return options_.name; }
  /// Its redelivery records before this offset are not its own: it was another service under this name.
  [[nodiscard]] Offset began() const { return options_.began; }
  [[nodiscard]] bool ephemeral() const { return options_.ephemeral; }
  [[nodiscard]] bool has_members() const { return !outboxes_.empty(); }
  /// When its last instance left; 0: it had none since the broker started.
  [[nodiscard]] LogTime left_at() const { return left_at_; }
  /// Whether it went without a word.
  [[nodiscard]] bool left_lost() const { return left_lost_; }
  [[nodiscard]] const config::Service& policy() const { return options_.policy; }
  /// Everything committed was looked at and handed over, and nothing was given back since.
  [[nodiscard]] bool caught_up() const {
    return caught_up_ && left_.empty() && dispatch_.held() == dispatch_.in_flight() && outboxes_empty();
  }
  /// The last turn ended because it had done enough: another will find more to do.
  [[nodiscard]] bool wants_a_turn() const { return asks_left_ == 0 || unsent_ || looks_again_; }
  [[nodiscard]] bool behind() const { return !caught_up_; }
  [[nodiscard]] Offset next_offset(Offset committed_end) const { return caught_up_ ? committed_end : next_; }
  /// The oldest event that waits for a handler and for nothing else; nothing where there is none. Of what was
  /// not looked at yet the next one, wanted or not.
  [[nodiscard]] std::optional<Offset> oldest_waiting(Offset committed_end) const;
  /// Every event it wants before this offset is settled; what is parked one by one counts as that.
  [[nodiscard]] Offset floor(Offset committed_end) const;
  /// To be called once a second.
  void note_backlog(LogTime now, Offset committed_end) { drain_.note(now, backlog(committed_end)); }
  /// How long it will take until nothing waits, if it goes on as it does; nothing where nobody can say.
  [[nodiscard]] std::optional<LogTime> drained_in(Offset committed_end) const;
  /// The oldest event it will yet need of the journal, redelivered and parked ones included.
  [[nodiscard]] Offset needed_from(Offset committed_end) const;
  /// Redelivery records were appended, the last of them at `last`; of the events they are about the oldest
  /// stands at `origin`. Known until the service has come to them; after a restart the ledger says so.
  void will_redeliver(Offset last, Offset origin) { redeliveries_ahead_[last] = origin; }

  /// What was handed to `id` since the last call, for the ledger's report.
  [[nodiscard]] std::vector<v1::Delivered> take_delivered(InstanceId id);

 private:
  void feed(DeliveryEdge& edge);
  void make_room();
  void feed_left(DeliveryEdge& edge);
  void feed_left_of(const StoredBatch& batch, std::size_t most, DeliveryEdge& edge);
  [[nodiscard]] Offset feed_batch(const StoredBatch& batch, DeliveryEdge& edge);
  [[nodiscard]] std::uint32_t feed_picked(const StoredBatch& batch, const StoredRun& run, std::uint32_t from,
                                          const Selections::Picked& picked, std::size_t room);
  void look_at(const StoredRun& run, const StoredEvent& event, Offset offset, bool choosy,
               DeliveryEdge& edge);
  void leave(const StoredRun& run, const StoredEvent& event, Offset offset);
  void feed_event(const StoredRun& run, const StoredEvent& event, Offset offset);
  [[nodiscard]] bool may_feed() const;
  [[nodiscard]] std::size_t may_probe() const;
  void hand_over(LogTime now);
  void send(Outbox& outbox, DeliveryEdge& edge);
  [[nodiscard]] Settlement answered(Settlement settlement, LogTime now);
  [[nodiscard]] Settlement noted(Settlement settlement);
  void add_to_outcome(const Settlement& settlement);
  [[nodiscard]] bool outboxes_empty() const;
  /// What waits, and what of the log it has yet to look at, wanted or not.
  [[nodiscard]] std::uint64_t backlog(Offset committed_end) const;

  Options options_;
  Interest interest_;
  Dispatch dispatch_;
  ParkedKeys parked_;
  LeftKeys left_;
  // By last record: the oldest event. At most one for each dead letter while nobody serves; a replay and a
  // key that resumes wait for who does.
  std::map<Offset, Offset> redeliveries_ahead_;
  LogTime paused_until_ = 0;
  Breaker breaker_;
  Drain drain_;
  std::optional<HandOver> probe_;  // the last one
  Pace pace_;
  bool paced_ = false;                     // more would be handed over, were it not for max_rate_per_s
  std::map<InstanceId, Outbox> outboxes_;  // of those who are there
  LogTime left_at_ = 0;
  bool left_lost_ = false;
  std::set<Offset> given_up_;  // before they were fed; the ledger may not know yet

  Offset next_;  // the next to be looked at, unless caught up
  bool caught_up_ = false;
  bool stalled_ = false;             // credit is free, but nothing that was offered can use it: its keys wait
  std::size_t spilled_at_room_ = 0;  // with so much room it was last seen to that there is more
  LogTime spills_again_at_ = 0;
  LogTime looks_at_ = 0;  // for keys whose turn has come, not before; 0: at once
  ReadAhead reads_;
  std::size_t asks_left_ = 1;  // of this turn
  bool unsent_ = false;        // in this turn's last round something could not be sent: its key goes on
  bool handed_any_ = false;    // in that round
  bool looks_again_ = false;   // for keys whose turn has come, since in that round something was handed over
  LogTime now_ = 0;            // of this turn
  Settlement outcome_;         // of this turn
  std::vector<Offer> offers_;  // scratch
};

}  // namespace reel::broker
