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
/// What checks of all instances add to an answer, at most: 1,000 instances whose 32 checks all fail with a
/// sentence. So whoever asks gets it all, in a frame.
inline constexpr std::size_t checks_bytes_max = 8u << 20;
/// Of that each check has so much, and one more for the instance itself, beside the names of who says it, its
/// own and its reason: what Protobuf needs for all its fields.
inline constexpr std::size_t check_row_bytes = 64;

struct InstanceCheck {
  std::string name;
  bool failed = false;
  std::string reason;
  std::uint64_t since = 0;  ///< log time
};

struct InstanceChecks {
  std::vector<InstanceCheck> checks;
  std::uint64_t said_at = 0;  ///< log time
  std::size_t bytes = 0;      ///< of checks_bytes_max
};

struct KeptChecks {
  InstanceChecks now;
  std::uint64_t cut = 0;  ///< left out, or not kept whole
};

/// What of `said` is kept in at most `bytes_max`, where who says it has names of `who_bytes`. Since when it
/// is so the instance says once: what was said `before` holds as long as it stays so. What began after that
/// was said is something else, though nobody was told what was between.
[[nodiscard]] KeptChecks kept_of(const v1::SelfChecks& said, const InstanceChecks& before, std::uint64_t now,
                                 std::size_t who_bytes, std::size_t bytes_max);

}  // namespace reel::broker
