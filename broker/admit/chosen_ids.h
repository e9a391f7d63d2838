// Remembers events whose ids their publishers chose, so that a second one with the same (source, id) is
// answered with the first one's offset instead of being accepted again. Bounded in time and number; 94 bytes
// an id.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "event/uuid.h"
#include "journal/stored_batch.h"
#include "reel/v1/ledger.pb.h"

namespace reel::broker {

class ChosenIds {
 public:
  ChosenIds(std::uint64_t window_ns, std::size_t ids_max) : window_ns_{window_ns}, ids_max_{ids_max} {}

  /// What is beyond them goes with the next id.
  void set_limits(std::uint64_t window_ns, std::size_t ids_max) {
    window_ns_ = window_ns;
    ids_max_ = ids_max;
  }

  [[nodiscard]] std::optional<Offset> find(std::string_view source, std::string_view id, LogTime now) const;
  /// Whatever was accepted then is known still: asked of what was forgotten, under whatever limits.
  [[nodiscard]] bool remembers(LogTime then, LogTime now) const;
  void remember(std::string_view source, std::string_view id, Offset offset, LogTime at);
  /// Takes what a journaled batch says.
  void remember(const StoredBatch& batch);

  /// How many were forgotten within their window, ever: there were more than ids_max.
  [[nodiscard]] std::uint64_t forgotten_early() const { return forgotten_early_; }
  /// How long ago the oldest that is known was accepted.
  [[nodiscard]] std::uint64_t reaches_back_ns(LogTime now) const {
    return by_age_.empty() ? 0 : now - std::min(now, by_age_.front().place.at);
  }

  void save(v1::Snapshot& snapshot, Offset end) const;
  void load(const v1::Snapshot& snapshot);

 private:
  struct Hash {
    std::size_t operator()(const Hash128& hash) const noexcept { return hash.low; }
  };

 public:
  /// The ids of one batch that is not accepted yet.
  class OfBatch {
   public:
    /// False where it is there already.
    [[nodiscard]] bool insert(std::string_view source, std::string_view id) {
      return hashes_.insert(hash_128({source, id})).second;
    }

   private:
    std::unordered_set<Hash128, Hash> hashes_;
  };

 private:
  struct Place {
    Offset offset = 0;
    LogTime at = 0;
  };
  struct Seen {
    Hash128 hash;
    Place place;
  };
  void insert(const Seen& seen);

  std::uint64_t window_ns_;
  std::size_t ids_max_;
  std::unordered_map<Hash128, Place, Hash> by_hash_;
  std::deque<Seen> by_age_;
  std::uint64_t forgotten_early_ = 0;
  LogTime forgotten_at_ = 0;  // when the newest that is forgotten was accepted; 0: none is
};

}  // namespace reel::broker
