// Which events wait for their delivertime: where they stand in the journal, and when they are due.
//
//   Delays delays{config.broker.delayed_events_max};
//   delays.apply(batch, from);  // committed records, live as after a restart: one way to a state
//   for (const auto& due : delays.take_due(now, 1'000)) …  // earliest first; they are on their way out
//   if (delays.take(offset)) …  // so is one that is being cancelled, or moved
//
// Taken, an event is not due a second time, and cannot be cancelled; it is kept until the journal says what
// became of it. The events themselves stay in the journal: here are 104 bytes for each, 56 more where its id
// was chosen by its publisher. Sans-IO.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "delay/delayed_record.h"
#include "event/uuid.h"
#include "journal/stored_batch.h"
#include "reel/v1/ledger.pb.h"

namespace reel::broker {

class Delays {
 public:
  explicit Delays(std::size_t events_max) : events_max_{events_max} {}

  struct Waiting {
    LogTime due = 0;
    Offset offset = 0;
    friend auto operator<=>(const Waiting&, const Waiting&) = default;
  };

  /// Takes what the records of a committed batch say, from offset `from` on. Says how many cannot be read.
  std::size_t apply(const StoredBatch& batch, Offset from = 0);
  /// A batch was appended and is not committed yet: what it delays counts, and its chosen ids are known.
  void expect(const StoredBatch& batch);

  /// What is kept beyond it stays until it is due.
  void set_events_max(std::size_t events_max) { events_max_ = events_max; }
  /// How many more may be kept.
  [[nodiscard]] std::size_t room() const;
  /// The waiting event with this source and chosen id.
  [[nodiscard]] std::optional<Offset> find(std::string_view source, std::string_view id) const;

  /// At most `count` events that are due at `now`, the earliest first.
  [[nodiscard]] std::vector<Waiting> take_due(LogTime now, std::size_t count);
  /// False where none waits there.
  [[nodiscard]] bool take(Offset offset);

  /// When the next one is due; 0: none waits.
  [[nodiscard]] LogTime next_due() const { return waiting_.empty() ? 0 : waiting_.begin()->due; }
  /// At most `count` of those that wait, behind `after` in the order of their due times.
  [[nodiscard]] std::vector<Waiting> page(const Waiting& after, std::size_t count) const;
  /// At most `count` of those that wait at offsets in [from, to), the oldest first.
  [[nodiscard]] std::vector<Offset> between(Offset from, Offset to, std::size_t count) const;

  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  /// How many are kept of each of these flows. Looks at every event that is kept: some milliseconds where
  /// there are a million.
  [[nodiscard]] std::vector<std::uint64_t> count_of(std::span<const std::string> correlationids) const;
  /// The oldest record that is still needed; 0: none.
  [[nodiscard]] Offset oldest() const { return kept_.empty() ? 0 : kept_.front().offset; }
  /// The journal begins at `begin`: what stood before it is lost. Says how many.
  std::size_t forget_below(Offset begin);

  void save(v1::Snapshot& snapshot) const;
  void load(const v1::Snapshot& snapshot);

 private:
  struct Kept {
    Offset offset = 0;
    LogTime due = 0;         // 0: over, and only here because others around it are not
    Hash128 id;              // of (source, id) where it was chosen; else 0
    std::uint64_t flow = 0;  // hash of its correlation id; 0: a snapshot of before this was kept
  };
  struct IdHash {
    std::size_t operator()(const Hash128& hash) const { return hash.low; }
  };

  [[nodiscard]] bool apply(std::string_view topic, std::string_view payload, Offset offset);
  void keep(const Kept& kept);
  void end(Offset offset);
  void compact();
  /// In kept_: of the first at or behind `offset`.
  [[nodiscard]] std::size_t place(Offset offset) const;
  [[nodiscard]] bool keeps(std::size_t place, Offset offset) const;

  std::size_t events_max_;
  std::deque<Kept> kept_;  // by offset
  std::size_t over_ = 0;   // of them
  std::size_t expected_ = 0;
  std::set<Waiting> waiting_;  // those not taken
  std::unordered_map<Hash128, Offset, IdHash> by_id_;
};

}  // namespace reel::broker
