// What the broker refused since it started, counted where its answers go out: so nothing that is refused goes
// uncounted, whoever refused it.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "reel/v1/query.pb.h"
#include "reel/v1/wire.pb.h"

namespace reel::broker {

class Counters {
 public:
  void count(const v1::FromBroker& answer);
  /// Of checks, which nobody is answered about.
  void checks_cut(std::uint64_t checks) { checks_cut_ += checks; }
  /// Into `refused`, `stale_settles` and `checks_cut`.
  void fill(v1::StatusReply& reply) const;

 private:
  std::map<v1::RefusedReason, std::uint64_t> frames_;
  std::map<v1::RefusalReason, std::uint64_t> events_;
  std::uint64_t stale_settles_ = 0;
  std::uint64_t checks_cut_ = 0;
};

/// What this process has in memory, in bytes; 0 where the system does not say.
[[nodiscard]] std::uint64_t resident_bytes();

}  // namespace reel::broker
