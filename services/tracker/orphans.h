// Orphans: events that name a cause which their flow does not have, or begin a flow though they should be in
// one that has begun. Somebody lost the correlation id on their way.
//
// Which flow such an event likely belongs to is told by what was seen before: where its cause was, or an
// event with its key or subject. Of the newest ids, keys and subjects a table keeps in which of the flows in
// memory they were; the newest `orphans_max` orphans are kept, and nothing of either across a restart.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <vector>

#include "reel/v1/query.pb.h"
#include "tracker/flow_table.h"

namespace reel::tracker {

/// At some 500 bytes each, half a megabyte.
inline constexpr std::size_t orphans_max = 1'000;
/// Places of the table, a power of two: 256 kB, so that it stays in a processor's cache. An event costs 20 ns
/// with so many, 50 with four times as many. Where two share one, the newer has it.
inline constexpr std::size_t whereabouts_places = std::size_t{1} << 14;
/// Steps of its own flow, about so many of the newest, among which an event's cause is looked for.
inline constexpr std::uint32_t orphan_search_steps = 1'000;

/// In which flow an id, a key or a subject was seen last. Every event is noted here: one store, and nothing
/// is read.
class Whereabouts {
 public:
  enum class What : std::uint8_t { id, key, subject };
  /// A flow; its handle may be another's by now, which its hash tells.
  struct Home {
    FlowTable::Handle handle = FlowTable::none;
    std::uint32_t hash = 0;  ///< FlowTable::hash_of its correlation id
  };
  /// Ids are packed.
  void saw(What what, std::string_view value, Home home);
  [[nodiscard]] std::optional<Home> home_of(What what, std::string_view value) const;

 private:
  struct Place {
    std::uint64_t hash = 0;
    Home home;
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
