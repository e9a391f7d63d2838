// Orphans: events that name a cause which their flow does not have, or begin a flow though they should be in
// one that has begun. Somebody lost the correlation id on their way.
//
// Which flow such an event likely belongs to is told by what was seen before: where its cause was, or an
// event with its key or subject. Of the newest ids, keys and subjects a table keeps where they were; the
// newest `orphans_max` orphans are kept, and nothing of either across a restart.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "reel/v1/query.pb.h"

namespace reel::tracker {

/// At some 500 bytes each, half a megabyte.
inline constexpr std::size_t orphans_max = 1'000;
/// Places of the table, a power of two: some 5 MB. Where two share one, the newer has it.
inline constexpr std::size_t whereabouts_places = std::size_t{1} << 16;
/// Steps of its own flow, the newest, among which an orphan's cause is looked for.
inline constexpr std::uint32_t orphan_search_steps = 1'000;

/// In which flow an id, a key or a subject was seen last.
class Whereabouts {
 public:
  enum class What : std::uint8_t { id, key, subject };
  /// `flow` is a packed correlation id.
  void saw(What what, std::string_view value, std::string_view flow);
  /// Packed; empty where it is not known.
  [[nodiscard]] std::string_view flow_of(What what, std::string_view value) const;

 private:
  struct Place {
    std::uint64_t hash = 0;
    std::string flow;
  };
  std::vector<Place> places_{whereabouts_places};
};

class Orphans {
 public:
  void add(v1::OrphansReply::Orphan orphan);
  [[nodiscard]] const std::deque<v1::OrphansReply::Orphan>& newest_first() const { return newest_first_; }
  /// Since the start.
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  std::deque<v1::OrphansReply::Orphan> newest_first_;
  std::uint64_t count_ = 0;
};

/// One page of them.
void tell(const Orphans& orphans, const v1::OrphansRequest& ask, v1::OrphansReply& reply);

}  // namespace reel::tracker
