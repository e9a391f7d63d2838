// The ledger: what became of each service's deliveries, as the journal's own records tell it.
//
// Dispatch decides, the ledger remembers. It turns settlements into reports (reel.v1.DeliveryReport events on
// reel.delivery, appended in the same batch as what the handler emitted), and after a restart turns the
// reports it reads back into the same state: for each service its patterns, its floor (every matching event
// below is settled), what is settled above the floor, what has failed and waits, and its dead letters. A
// sans-IO state machine; the snapshot bounds what a restart must read.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dispatch/dispatch.h"
#include "journal/stored_batch.h"
#include "reel/v1/ledger.pb.h"

namespace reel::broker {

/// Disjoint offset ranges above a floor, merged as they grow: how settled state stays small.
class OffsetSet {
 public:
  void insert(Offset first, std::uint64_t count);
  [[nodiscard]] bool contains(Offset offset) const;
  /// Forgets everything below `floor`.
  void erase_below(Offset floor);
  [[nodiscard]] bool empty() const { return ranges_.empty(); }
  [[nodiscard]] const std::map<Offset, Offset>& ranges() const { return ranges_; }  // first -> end

 private:
  std::map<Offset, Offset> ranges_;
};

struct ServiceRecord {
  std::vector<v1::Pattern> patterns;
  /// Every matching event below this offset is settled.
  Offset floor = 0;
  OffsetSet settled;
  /// By offset: failed, waiting for another attempt.
  std::map<Offset, v1::Failure> retrying;
  std::map<Offset, v1::Failure> dead;
  std::uint64_t acked = 0;  ///< since the broker started
  std::uint64_t nacked = 0;

  /// Whether `topic` at `offset` is wanted by one of the patterns.
  [[nodiscard]] bool wants(std::string_view topic, Offset offset) const;
};

class Ledger {
 public:
  /// Takes one record of a system topic (reel.delivery, reel.subscription) into account: while recovering,
  /// and live, so that both ways lead to one state. Returns false where `data` is not the topic's message.
  [[nodiscard]] bool apply(std::string_view topic, std::string_view data);

  /// All matching events below `floor` are settled: forget what is recorded there (dead letters stay).
  void raise_floor(const std::string& service, Offset floor);

  [[nodiscard]] const ServiceRecord* find(std::string_view service) const;
  [[nodiscard]] const std::map<std::string, ServiceRecord, std::less<>>& services() const {
    return services_;
  }

  /// Dead letters that the journal no longer holds are forgotten.
  void forget_dead_below(Offset begin);

  /// For the snapshot's services, and back.
  void save(v1::Snapshot& snapshot) const;
  void load(const v1::Snapshot& snapshot);

 private:
  std::map<std::string, ServiceRecord, std::less<>> services_;
};

/// A report of what `settlement` brought about; nothing where there is nothing to report.
[[nodiscard]] std::optional<v1::DeliveryReport> report_of(std::string_view service, std::string_view instance,
                                                          const Settlement& settlement);

}  // namespace reel::broker
