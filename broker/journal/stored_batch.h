// A batch with its place in the journal: the bytes as they were received, what was appended to them, and an
// index that says where each event stands. Written once by whoever admits or reads it, then shared,
// unchanged, between the threads that journal, dispatch and publish it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace reel::broker {

using Offset = std::uint64_t;   // of an event; the first one ever is 1
using LogTime = std::uint64_t;  // ns since 1970; strictly increasing with the offset

/// The `source` of events the broker makes itself: its own records, and what routes derive.
inline constexpr std::string_view broker_source = "reel-broker";
/// Where it keeps what people told it to do (reel.v1.Command).
inline constexpr std::string_view control_topic = "reel.control";

/// A run inside a StoredBatch: head fields are views into its bytes.
struct StoredRun {
  std::string_view source;
  std::string_view topic;
  std::string_view dataschema;
  std::uint32_t first_event = 0;  ///< index into StoredBatch::events
  std::uint32_t event_count = 0;
  bool chosen_ids = false;
};

/// An event inside a StoredBatch.
struct StoredEvent {
  std::string_view bytes;            ///< encoded reel.v1.Event
  std::uint32_t envelope_bytes = 0;  ///< how many of them stand before `data`
  bool expires = false;              ///< it has an expirytime
  std::uint64_t key_hash = 0;        ///< XXH3 of the ordering key
};

struct StoredBatch {
  Offset first_offset = 0;
  LogTime log_time = 0;  ///< of the first event; event i has log_time + i
  /// Who published it, for recognising resends; 0 where the broker did.
  std::uint64_t producer = 0;
  std::uint64_t sequence = 0;

  std::vector<StoredRun> runs;
  std::vector<StoredEvent> events;

  /// The encoded reel.v1.Batch, in order; its parts stay alive with the batch.
  std::vector<std::string_view> pieces;
  /// What owns the pieces: received frames, strings the broker made, a block read from disk.
  std::vector<std::shared_ptr<const void>> owners;

  [[nodiscard]] std::uint32_t count() const { return static_cast<std::uint32_t>(events.size()); }
  [[nodiscard]] Offset end_offset() const { return first_offset + events.size(); }
  [[nodiscard]] std::size_t bytes() const {
    std::size_t total = 0;
    for (const auto piece : pieces) total += piece.size();
    return total;
  }
  /// What it takes in memory: its bytes, its index, and what malloc adds.
  [[nodiscard]] std::size_t memory_bytes() const;
  /// The run that event `index` belongs to.
  [[nodiscard]] const StoredRun& run_of(std::uint32_t index) const;

  /// Appends an encoded batch as a further piece and indexes its runs and events. False, with nothing
  /// appended, where the bytes are malformed. Does not judge their content.
  [[nodiscard]] bool append(std::shared_ptr<const void> owner, std::string_view batch);
  /// The same for a string the broker made itself, which must be well-formed.
  void append_own(std::string batch);
};

using StoredBatchPtr = std::shared_ptr<const StoredBatch>;

[[nodiscard]] std::uint64_t hash_key(std::string_view key);

}  // namespace reel::broker
