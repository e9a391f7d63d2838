// What the kernel says a process has taken so far.
#pragma once

#include <sys/types.h>

namespace reel::bench {

/// User and system time, in ticks of a hundredth. Throws std::runtime_error where the process is gone.
[[nodiscard]] double cpu_seconds(pid_t process);
/// The most memory it had resident, and what it has now.
[[nodiscard]] double peak_mib(pid_t process);
[[nodiscard]] double resident_mib(pid_t process);

}  // namespace reel::bench
