// Where the newest event of each topic stands, for subscriptions that begin there and for `reel last`.
//
//   newest.take(batch);                       // each committed one, and those that a start reads
//   for (const auto& [topic, offset] : newest.all()) …
//
// Fed from the journal like everything else that the broker knows; the snapshot bounds what a start must
// read. Not thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "journal/stored_batch.h"
#include "reel/v1/ledger.pb.h"

namespace reel::broker {

/// Topics remembered. Admitted are those of the configuration; journals of other days may hold more, and what
/// comes beyond is not remembered.
inline constexpr std::size_t newest_topics_max = 10'000;

class NewestEvents {
 public:
  using ByTopic = std::map<std::string, Offset, std::less<>>;

  void take(const StoredBatch& batch);
  /// An event may be older than what the journal still holds.
  [[nodiscard]] const ByTopic& all() const { return by_topic_; }
  /// 0: there was none.
  [[nodiscard]] Offset of(std::string_view topic) const;

  /// Adds to the snapshot; load() replaces everything by what it reads there.
  void save(v1::Snapshot& snapshot) const;
  void load(const v1::Snapshot& snapshot);

 private:
  ByTopic by_topic_;
};

}  // namespace reel::broker
