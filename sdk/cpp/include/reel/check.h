// What a service finds out about itself: named checks, run now and then beside its handlers.
//
//   payments.check("database", {.every = 5s}, [&] { database.ping(); });   // passes by returning, fails by
//   throwing
//
// A check that fails is told to the broker with the next beat, and is a cause from then on: `reel why` names
// it where the service owes an event, `reel services` and the console show it. It takes nothing away from the
// service: events are delivered as before.
#pragma once

#include <chrono>
#include <cstddef>

namespace reel {

struct CheckOptions {
  /// From the end of one run to the beginning of the next.
  std::chrono::milliseconds every{10'000};
  /// A run that takes longer counts as failed, until it ends after all.
  std::chrono::milliseconds timeout{30'000};
};

/// Of one service.
inline constexpr std::size_t checks_max = 32;
/// A check's name has 1 to so many bytes; a longer reason is cut.
inline constexpr std::size_t check_name_bytes_max = 64;
inline constexpr std::size_t check_reason_bytes_max = 256;

}  // namespace reel
