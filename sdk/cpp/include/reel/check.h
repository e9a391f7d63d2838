// What a service finds out about itself: named checks, run now and then beside its handlers.
//
//   const auto database = std::make_shared<Database>(…);
//   payments.check("database", {.every = 5s}, [database] { database->ping(); });
//
// It passes by returning and fails by throwing. A check that fails is told to the broker with the next beat,
// and is a cause from then on: `reel why` names it where the service owes an event, `reel services` and the
// console show it. It takes nothing away from the service: events are delivered as before.
//
// A check that hangs cannot be stopped. When run() ends, also by an exception, it waits for those at work for
// up to 1 s more, and leaves behind, with a line in the log, whose call has not returned by then: the thread,
// the function and what that captured, until the call returns or the process ends. So capture by value what
// the check needs, as a shared_ptr if it is shared, and no local by reference.
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

/// Neither may be longer: of what is looked at more rarely than once a day nobody learns anything in time.
inline constexpr std::chrono::milliseconds check_time_max = std::chrono::hours{24};
/// Of one service.
inline constexpr std::size_t checks_max = 32;
/// A check's name has 1 to so many bytes; a longer reason is cut.
inline constexpr std::size_t check_name_bytes_max = 64;
inline constexpr std::size_t check_reason_bytes_max = 256;

}  // namespace reel
