// The ledger: what became of each service's deliveries, as the journal's own records tell it.
//
//   auto report = report_of(service, instance, settlement);  // reel.delivery, appended with what was emitted
//   ledger.apply({"reel.delivery", report->SerializeAsString()});  // live, and for each record on recovery
//   ledger.raise_floor(service, std::min(dispatch.oldest() or next_unoffered, next_unoffered));
//
//   const ServiceRecord* record = ledger.find(service);   // after a restart, for events from its floor:
//   if (record->wants(topic, offset) && !record->is_settled(offset)) …       // offer it; see retrying
//
// Dispatch decides, the ledger remembers. It turns settlements into reports (reel.v1.DeliveryReport events on
// reel.delivery, appended in the same batch as what the handler emitted), and after a restart turns the
// reports it reads back into the same state: for each service its patterns, its floor (every matching event
// below is settled), what is settled above the floor, what has failed and waits, and its dead letters. A
// sans-IO state machine; the snapshot bounds what a restart must read.
//
// What operators tell the broker (reel.control) and what is handed over once more (reel.redelivery.SERVICE)
// changes the same state: a redriven letter is no letter any more, a resumed event is parked no more.
//
// Memory per service: 0.15 bytes at most for each offset between floor and newest (OffsetSet), one Failure
// for each event that dispatch holds back, which its window bounds, and for each dead letter, of which
// `dead_letters_max` pause the service, with 40 bytes more until it is told of; up to 16 bytes for each
// parked event, of which the service queue lets in `service_parked_events_max`, and 64 for each that is
// handed over once more and is not settled. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dispatch/dispatch.h"
#include "event/system_topics.h"
#include "journal/stored_batch.h"
#include "ledger/offset_set.h"
#include "ledger/parked_offsets.h"
#include "reel/v1/ledger.pb.h"

namespace reel::broker {

/// Where the ledger's records stand. Reports about services that read reel.delivery themselves stand on
/// reel.ledger, which only ephemeral subscriptions get: otherwise each acknowledgement would make one to
/// acknowledge.
inline constexpr std::string_view delivery_topic = "reel.delivery";
inline constexpr std::string_view ledger_topic = "reel.ledger";
inline constexpr std::string_view subscription_topic = "reel.subscription";
/// What the mesh is told of services (reel.service.*).
[[nodiscard]] bool is_service_topic(std::string_view topic);

/// The topic of `service`'s redeliveries: matched by that service alone.
[[nodiscard]] std::string redelivery_topic(std::string_view service);
[[nodiscard]] bool is_redelivery_topic(std::string_view topic);

/// What a service is paused until when nobody said for how long.
inline constexpr LogTime until_resumed = ~LogTime{0};

struct ServiceRecord {
  /// begin_of a pattern says which events it is wanted for.
  std::vector<v1::Pattern> patterns;
  /// Every matching event below this offset is settled.
  Offset floor = 0;
  /// Where its life begins, which ends when it is forgotten: redelivery records before are not its own.
  Offset began = 0;
  OffsetSet settled;
  /// By offset: failed, waiting for another attempt or in it.
  std::map<Offset, v1::Failure> retrying;
  /// By where the event itself stands: of a redelivery that is its origin.
  std::map<Offset, v1::Failure> dead;
  /// Of these, those that reel.dead_letter does not tell of yet.
  std::set<Offset> untold;
  /// What reel.service.* last told of it.
  v1::ServiceStanding standing;
  /// By key hash, ascending: parked behind a dead letter of their key, by where they stand themselves.
  std::map<std::uint64_t, ParkedOffsets> parked;
  /// By key hash: the redelivery records by which a key goes on that was parked.
  struct Resuming {
    Offset first = 0;  ///< since its last dead letter; 0: none
    Offset last = 0;   ///< of all
  };
  std::map<std::uint64_t, Resuming> resuming;
  /// By the last record of a run of redeliveries, replays among them, above the floor: the oldest event that
  /// they are about.
  std::map<Offset, Offset> redelivering;
  /// By record: the origins of redeliveries that are no replays and not settled.
  std::map<Offset, Offset> redelivered;
  LogTime paused_until = 0;  ///< 0: not paused
  std::string paused_by;
  // Since the broker started, what it read back included; not part of a snapshot.
  std::uint64_t acked = 0;
  std::uint64_t nacked = 0;   ///< attempts that ended in another way
  std::uint64_t expired = 0;  ///< not handled before their expirytime

  /// Nothing is known of it (any more).
  [[nodiscard]] bool is_forgotten() const;
  /// Whether `topic` at `offset` is wanted by one of the patterns.
  [[nodiscard]] bool wants(std::string_view topic, Offset offset) const;
  /// Whether nothing is owed for the event at `offset` any more: acked, dead, or below the floor.
  [[nodiscard]] bool is_settled(Offset offset) const { return offset < floor || settled.contains(offset); }
  /// The record by which what was settled at `origin` is owed once more; nothing where it is not.
  [[nodiscard]] std::optional<Offset> owed_again(std::uint64_t key_hash, Offset origin) const;
};

/// One of the broker's own records as it stands in the journal.
struct LedgerEntry {
  std::string_view topic;
  std::string_view data;
  Offset offset = 0;
  std::uint64_t key_hash = 0;
};

class Ledger {
 public:
  /// Takes one record of a system topic into account: while recovering, and live, so that both ways lead to
  /// one state. True for topics that say nothing about services. False, with nothing changed, where `data` is
  /// not the topic's message or the topic is not known.
  [[nodiscard]] bool apply(const LedgerEntry& entry);

  /// All matching events below `floor` are settled: forget what is recorded there (dead letters stay). Never
  /// lowers it. Reports carry floors too; this is for one that no report tells of.
  void raise_floor(std::string_view service, Offset floor);

  [[nodiscard]] const ServiceRecord* find(std::string_view service) const;
  [[nodiscard]] const std::map<std::string, ServiceRecord, std::less<>>& services() const {
    return services_;
  }

  /// Services with letters that nobody was told of.
  [[nodiscard]] const std::set<std::string>& with_untold() const { return with_untold_; }
  /// There is nothing to tell of the service's letter.
  void need_not_tell(const std::string& service, Offset origin);

  /// A key whose last dead letter is forgotten: nothing holds it back any more, and nobody could say so.
  struct ForgottenKey {
    std::string service;
    std::uint64_t key_hash = 0;
  };
  /// Dead letters that the journal no longer holds are forgotten. Says which keys have none left.
  std::vector<ForgottenKey> forget_dead_below(Offset begin);

  /// Adds to the snapshot's services; load() replaces everything by what it reads there.
  void save(v1::Snapshot& snapshot) const;
  void load(const v1::Snapshot& snapshot);

 private:
  [[nodiscard]] ServiceRecord& record_of(const std::string& service);
  void apply(const v1::DeliveryReport& report);
  void apply(const v1::SubscriptionChanged& change, Offset at);
  void apply(const v1::Command& command);
  void apply(const v1::RedeliveryRecord& redelivery, const LedgerEntry& entry);
  void apply(const v1::ServiceChanged& change);
  void note_untold(const std::string& service, const ServiceRecord& record);
  void drop_letter(const std::string& service, ServiceRecord& record, Offset origin);

  std::set<std::string> with_untold_;
  std::map<std::string, ServiceRecord, std::less<>> services_;
};

/// A report of what `settlement` brought about; nothing where there is nothing to report (stale answers are
/// not).
[[nodiscard]] std::optional<v1::DeliveryReport> report_of(std::string_view service, std::string_view instance,
                                                          const Settlement& settlement);

/// A dead letter for an event that was to be handed over and that the journal no longer has.
[[nodiscard]] v1::Failure gone_letter(Offset origin, LogTime now);

/// As few ascending ranges as hold exactly `offsets`, which may stand in any order.
[[nodiscard]] std::vector<v1::OffsetRange> pack(std::span<const Offset> offsets);
/// As few ranges as say `offsets` in just this order.
void add_in_order(std::span<const Offset> offsets, google::protobuf::RepeatedPtrField<v1::OffsetRange>& to);

}  // namespace reel::broker
