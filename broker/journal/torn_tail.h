// What stands behind the last whole record of a segment, where that is not zeros.
//
// A crash leaves a part of the last commit there; a power cut may leave any part of what was written since
// the last sync, whole batches behind broken ones too. Both were never promised. A record there that was
// written when the broken place had been synced is another matter: then a promise is broken.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "journal/segment.h"

namespace reel::broker {

struct TornTail {
  /// From the last whole record to the last byte that is not zero.
  std::uint64_t bytes = 0;
  /// Whole batches among them, behind the broken one.
  std::uint64_t whole_batches = 0;
  /// A record there proves that everything was whole here once: this is damage.
  bool synced_once = false;

  /// What to tell the operator when it is cut.
  [[nodiscard]] std::string note(const Segment& segment, std::uint64_t position, Offset offset) const;
};

/// Looks at what stands in `segment` from `position` to `end_position`. Nothing where all of it is zero.
[[nodiscard]] std::optional<TornTail> find_torn_tail(const Segment& segment, std::uint64_t position,
                                                     std::uint64_t end_position);

}  // namespace reel::broker
