// The ledger: what became of each service's deliveries, as the journal's own records tell it.
//
//   auto report = report_of(service, instance, settlement);      // reel.delivery, appended with what was
//   emitted ledger.apply("reel.delivery", report->SerializeAsString());  // live, and for each such record on
//   recovery ledger.raise_floor(service, std::min(dispatch.oldest() or next_unoffered, next_unoffered));
//
//   const ServiceRecord* record = ledger.find(service);          // after a restart, for each event from
//   floor on: if (record->wants(topic, offset) && !record->is_settled(offset)) …   // offer it, as
//   record->retrying has it
//
// Dispatch decides, the ledger remembers. It turns settlements into reports (reel.v1.DeliveryReport events on
// reel.delivery, appended in the same batch as what the handler emitted), and after a restart turns the
// reports it reads back into the same state: for each service its patterns, its floor (every matching event
// below is settled), what is settled above the floor, what has failed and waits, and its dead letters. A
// sans-IO state machine; the snapshot bounds what a restart must read.
//
// Memory per service: 0.15 bytes at most for each offset between floor and newest (OffsetSet), one Failure
// for each event that dispatch holds back, which its window bounds, and `dead_letters_max` dead letters.
// Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dispatch/dispatch.h"
#include "journal/stored_batch.h"
#include "ledger/offset_set.h"
#include "reel/v1/ledger.pb.h"

namespace reel::broker {

/// Where the ledger's records stand. Reports about services that read reel.delivery themselves stand on
/// reel.ledger, which is delivered to nobody: otherwise each acknowledgement would make one to acknowledge.
inline constexpr std::string_view delivery_topic = "reel.delivery";
inline constexpr std::string_view ledger_topic = "reel.ledger";
inline constexpr std::string_view subscription_topic = "reel.subscription";

/// Dead letters remembered for each service; beyond it the oldest are forgotten (their events and reports
/// stay in the journal). At a few hundred bytes each, a service that fails at everything costs some 30 MB.
inline constexpr std::size_t dead_letters_max = 100'000;

struct ServiceRecord {
  /// A pattern's `from_offset` says which events it is wanted for.
  std::vector<v1::Pattern> patterns;
  /// Every matching event below this offset is settled.
  Offset floor = 0;
  OffsetSet settled;
  /// By offset: failed, waiting for another attempt or in it.
  std::map<Offset, v1::Failure> retrying;
  std::map<Offset, v1::Failure> dead;
  // Since the broker started, what it read back included; not part of a snapshot.
  std::uint64_t acked = 0;
  std::uint64_t nacked = 0;          ///< attempts that ended in another way
  std::uint64_t dead_forgotten = 0;  ///< beyond dead_letters_max

  /// Whether `topic` at `offset` is wanted by one of the patterns.
  [[nodiscard]] bool wants(std::string_view topic, Offset offset) const;
  /// Whether nothing is owed for the event at `offset` any more: acked, dead, or below the floor.
  [[nodiscard]] bool is_settled(Offset offset) const { return offset < floor || settled.contains(offset); }
};

class Ledger {
 public:
  /// Takes one record of a system topic (reel.delivery, reel.subscription) into account: while recovering,
  /// and live, so that both ways lead to one state. Returns false, with nothing changed, where `data` is not
  /// the topic's message or the topic is another.
  [[nodiscard]] bool apply(std::string_view topic, std::string_view data);

  /// All matching events below `floor` are settled: forget what is recorded there (dead letters stay). Never
  /// lowers it. Reports carry floors too; this is for one that no report tells of.
  void raise_floor(std::string_view service, Offset floor);

  [[nodiscard]] const ServiceRecord* find(std::string_view service) const;
  [[nodiscard]] const std::map<std::string, ServiceRecord, std::less<>>& services() const {
    return services_;
  }

  /// Dead letters that the journal no longer holds are forgotten.
  void forget_dead_below(Offset begin);

  /// Adds to the snapshot's services; load() replaces everything by what it reads there.
  void save(v1::Snapshot& snapshot) const;
  void load(const v1::Snapshot& snapshot);

 private:
  [[nodiscard]] ServiceRecord& record_of(const std::string& service);
  void apply(const v1::DeliveryReport& report);
  void apply(const v1::SubscriptionChanged& change);

  std::map<std::string, ServiceRecord, std::less<>> services_;
};

/// A report of what `settlement` brought about; nothing where there is nothing to report (stale answers are
/// not).
[[nodiscard]] std::optional<v1::DeliveryReport> report_of(std::string_view service, std::string_view instance,
                                                          const Settlement& settlement);

/// As few ascending ranges as hold exactly `offsets`, which may stand in any order: for
/// DeliveryReport.delivered.
[[nodiscard]] std::vector<v1::OffsetRange> pack(std::span<const Offset> offsets);

}  // namespace reel::broker
