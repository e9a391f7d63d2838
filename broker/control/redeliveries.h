// Events handed to one service once more: dead letters that an operator redrives, and what was parked behind
// them.
//
// Each redelivery is a record in the journal, on the service's own topic, that names where the event stands.
// The record is what is delivered and settled, so a redelivery survives whatever an event survives, reaches
// that service alone, and stands in the audit by itself.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "control/parked_search.h"
#include "journal/event_reads.h"
#include "service/services.h"

namespace reel::broker {

/// What a redelivery record says of its event: all that is kept of it until the record is written.
struct Redeliverable {
  explicit Redeliverable(const EventAt& at);

  Offset origin = 0;
  bool is_there = false;  ///< false: the journal does not have it, or could not read it
  std::uint32_t bytes = 0;
  std::uint64_t key_hash = 0;
  std::string id;
  std::string correlationid;
  std::string partitionkey;
};

/// An encoded run of redelivery records, in the order of `events`; those that the journal has not are left
/// out.
[[nodiscard]] std::string redelivery_run(std::string_view service, v1::Redelivery kind,
                                         const std::vector<Redeliverable>& events, Offset command);

class Redeliveries {
 public:
  /// Events of one key that are resumed at a time: enough that reading and appending them costs little for
  /// each, few enough for one batch.
  static constexpr std::size_t round_events_max = 1'000;

  Redeliveries(Services& services, CommitLog& log, Publishing& publishing, EventReads& reads)
      : services_{services},
        log_{log},
        publishing_{publishing},
        reads_{reads},
        search_{services, log, reads, round_events_max} {}

  /// Resumes what is due: keys whose dead letter was redriven and has been passed, or was discarded.
  void turn();

 private:
  void resume(const std::string& service, std::uint64_t key_hash, const std::vector<Redeliverable>& events);
  [[nodiscard]] bool unreadable(const std::vector<Redeliverable>& events) const;

  Services& services_;
  CommitLog& log_;
  Publishing& publishing_;
  EventReads& reads_;
  ParkedSearch search_;
  std::vector<std::pair<std::string, std::uint64_t>> read_again_;  // services and keys
  LogTime read_again_at_ = 0;
};

}  // namespace reel::broker
