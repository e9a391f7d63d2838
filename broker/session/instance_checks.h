// What an instance says of itself: how its checks turned out. It is kept as long as its session, so nothing
// is said of who is gone, and an instance that comes back says it anew.
//
// All of it is foreign text: what is more, or longer, than the limits say is left out or cut, and counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "reel/v1/wire.pb.h"

namespace reel::broker {

/// Checks of one instance.
inline constexpr int instance_checks_max = 32;
inline constexpr std::size_t check_name_bytes_max = 64;
inline constexpr std::size_t check_reason_bytes_max = 256;
/// Names and reasons of all instances together: 1,000 instances whose 32 checks all fail with a sentence. It
/// bounds what is answered about them, too.
inline constexpr std::size_t checks_bytes_max = 4u << 20;

struct InstanceCheck {
  std::string name;
  bool failed = false;
  std::string reason;
  std::uint64_t since = 0;  ///< log time

  [[nodiscard]] std::size_t bytes() const { return name.size() + reason.size(); }
};

struct KeptChecks {
  std::vector<InstanceCheck> checks;
  std::size_t bytes = 0;
  std::uint64_t cut = 0;  ///< left out, or not kept whole
};

/// What of `said` is kept, in at most `bytes_max`. Since when it is so the instance says once: as long as it
/// stays so, what was said `before` holds.
[[nodiscard]] KeptChecks kept_of(const v1::SelfChecks& said, const std::vector<InstanceCheck>& before,
                                 std::uint64_t now, std::size_t bytes_max);

}  // namespace reel::broker
