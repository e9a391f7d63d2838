// Recognises a batch that a publisher sends again because the answer was lost: by (producer, sequence).
//
// Each producer numbers its batches 1, 2, 3 … and keeps at most `batches_max` unanswered, so remembering that
// many answers per producer is enough. Producers not heard from for longest are forgotten beyond
// `producers_max`. Sans-IO; the same entries are rebuilt from the journal's records after a restart.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <unordered_map>

#include "journal/stored_batch.h"
#include "reel/v1/ledger.pb.h"

namespace reel::broker {

class Resends {
 public:
  Resends(std::size_t producers_max, std::size_t batches_max)
      : producers_max_{producers_max}, batches_max_{batches_max} {}

  struct Answer {
    std::uint64_t sequence = 0;
    Offset first_offset = 0;  ///< 0: nothing of it was durable
    std::uint32_t count = 0;
    LogTime log_time = 0;  ///< 0: known to have been accepted, too long ago to say where
    /// False: nothing was for want of a subscriber or of room. On the disk that is not kept.
    bool may_have_refused = true;
  };
  /// What became of this batch before, if anything.
  [[nodiscard]] std::optional<Answer> find(std::uint64_t producer, std::uint64_t sequence) const;
  void remember(std::uint64_t producer, const Answer& answer);

  /// Entries before `end`, for the snapshot, and back.
  void save(v1::Snapshot& snapshot, Offset end) const;
  void load(const v1::Snapshot& snapshot);

 private:
  struct Producer {
    std::deque<Answer> answers;  // ascending sequences
    std::list<std::uint64_t>::iterator age;
  };
  std::size_t producers_max_;
  std::size_t batches_max_;
  std::unordered_map<std::uint64_t, Producer> producers_;
  std::list<std::uint64_t> by_age_;  // longest silent first
};

}  // namespace reel::broker
