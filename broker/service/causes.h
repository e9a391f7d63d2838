// Which delivery each event that a handler emitted belongs to. An event handled twice, since its first answer
// was late, may have both answers in one frame: what it led to counts once.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "journal/stored_batch.h"
#include "reel/v1/wire.pb.h"

namespace reel::broker {

class Causes {
 public:
  explicit Causes(const google::protobuf::RepeatedPtrField<v1::Settle::Emitted>& emitted);

  /// The delivery's offset; 0: of none.
  [[nodiscard]] Offset of(std::uint32_t entry) const;
  /// Deliveries with an entry at or behind `entry`.
  template <typename Visit>
  void each_from(std::uint32_t entry, Visit&& visit) const {
    for (const auto& [end, offset] : ends_) {
      if (end > entry) visit(offset);
    }
  }

 private:
  [[nodiscard]] bool has_repeats() const;
  void drop_repeats();

  std::vector<std::pair<std::uint64_t, Offset>> ends_;  // one behind the last entry of each
};

}  // namespace reel::broker
