// Makes fdatasync fail, in this program, as it does on a disk that gives up.
//
//   { const FailingSync failing; … }             // EIO; the system keeps what it could not write
//   { const FailingSync failing{position}; … }   // EIO, and of a segment everything from there on is gone
//   { const HangingSync hanging; … }             // does not come back before the end of the scope
#pragma once

#include <cstdint>
#include <optional>

namespace reel::broker {

class FailingSync {
 public:
  explicit FailingSync(std::optional<std::uint64_t> lost_from = std::nullopt);
  ~FailingSync();
  FailingSync(const FailingSync&) = delete;
  FailingSync& operator=(const FailingSync&) = delete;
};

class HangingSync {
 public:
  HangingSync();
  ~HangingSync();
  HangingSync(const HangingSync&) = delete;
  HangingSync& operator=(const HangingSync&) = delete;
};

// How many syncs have succeeded in this program, and a wait until there are more than that.
std::uint64_t syncs_made();
void wait_for_more_syncs(std::uint64_t than);

}  // namespace reel::broker
