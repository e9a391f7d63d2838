// What each key holds of an instance's credit, and how much of it that may be.
//
// A key whose handler hangs keeps what it was handed. Were its followers handed over as long as there is
// credit, they would use all of it up, and every other key of the instance would wait with them. So one key
// has at most a quarter of it; the rest of its followers stay here. A credit of less than 16 events is not
// divided: a quarter of that would leave a single key too little to keep an instance busy.
//
// KeyShares is the count for a service without lanes, where nobody looks up keys: an array of counters in
// which several keys may share one. It never says too little; where it says too much, lanes are built and
// count exactly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace reel::broker {

struct Share {
  /// The part of an instance's credit that one key may hold is one of so many. Three keys that hang, each
  /// with any number of followers, leave room for others.
  static constexpr std::uint32_t per_credit = 4;
  static constexpr std::uint32_t divided_credit_events_min = 16;

  std::uint32_t events = 0;
  std::uint32_t bytes = 0;

  void add(std::uint32_t event_bytes) { ++events, bytes += event_bytes; }
  void remove(std::uint32_t event_bytes) { --events, bytes -= event_bytes; }
};

class KeyShares {
 public:
  explicit KeyShares(std::uint64_t secret) : secret_{secret | 1}, shares_(std::size_t{1} << places_log2) {}

  [[nodiscard]] Share& of(std::uint64_t key_hash) {
    return shares_[(key_hash * secret_) >> (64 - places_log2)];
  }

 private:
  static constexpr unsigned places_log2 = 10;  // 8 KiB, which stays in the cache

  std::uint64_t secret_;
  std::vector<Share> shares_;
};

}  // namespace reel::broker
