// Ids that the system makes: UUIDs in their 36-character text form (RFC 9562).
//
//   uuid_v7(now_ns)                      time-ordered and random, for events, correlations and instances
//   uuid_v8(hash_128("cause", "ordinal"))  derived from what it names: doing the work twice gives the same id
//
// Safe from any thread.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace reel {

inline constexpr std::size_t uuid_text_bytes = 36;

struct Hash128 {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const Hash128&, const Hash128&) = default;
};

/// XXH3-128 over the parts, each with its length, so that ("a","b") and ("ab","") differ. Stable for ever:
/// deterministic ids depend on it.
[[nodiscard]] Hash128 hash_128(std::initializer_list<std::string_view> parts);

/// UUIDv7 of the millisecond of `unix_ns`; later calls on a thread sort behind earlier ones.
[[nodiscard]] std::string uuid_v7(std::uint64_t unix_ns);

/// The millisecond that a UUIDv7 was made in, as ns since 1970; nothing where `text` is not one.
[[nodiscard]] std::optional<std::uint64_t> time_of_uuid_v7(std::string_view text);

/// UUIDv8 whose 122 free bits are taken from `hash`.
[[nodiscard]] std::string uuid_v8(const Hash128& hash);

/// A random number that is not 0, from the operating system.
[[nodiscard]] std::uint64_t random_nonzero();

}  // namespace reel
