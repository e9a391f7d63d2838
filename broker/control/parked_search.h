// Looks in the journal for parked events that were left there unread (service/parked_keys.h), a round's worth
// of one key at a time, and parks them: then they go on like those that were known.
//
//   search.want(service, key_hash);
//   search.turn();                 // now and then: one stretch of the journal each
//
// One key is looked for at a time, the others wait their turn: such a key has a million events before it, and
// reading the journal for all of them at once would take the disk from who only lags.
#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "journal/event_reads.h"
#include "service/services.h"

namespace reel::broker {

class ParkedSearch {
 public:
  /// Looked at for one key before what was found is parked, and the next key has its turn: 64 MiB.
  static constexpr std::size_t stretches_max = 64;

  /// `events_max`: of one key that are found at a time.
  ParkedSearch(Services& services, CommitLog& log, EventReads& reads, std::size_t events_max)
      : services_{services}, log_{log}, reads_{reads}, events_max_{events_max} {}

  void want(const std::string& service, std::uint64_t key_hash);
  void turn();

 private:
  struct Looking {
    std::string service;
    std::uint64_t key_hash = 0;
    Offset from = 0;
    Offset to = 0;
    std::vector<ParkedEvent> events;
    std::size_t stretches = 0;
  };
  [[nodiscard]] bool begin();
  void take(const std::vector<StoredBatchPtr>& batches);
  void look_at(const EventAt& at);
  void finish();

  Services& services_;
  CommitLog& log_;
  EventReads& reads_;
  const std::size_t events_max_;
  std::deque<std::pair<std::string, std::uint64_t>> wanted_;  // services and keys
  Looking looking_;
  bool busy_ = false;     // somebody is looked for
  bool reading_ = false;  // and a stretch is awaited
  LogTime read_again_at_ = 0;
};

}  // namespace reel::broker
