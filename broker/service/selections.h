// Which events of the newest batches each choosy service wants: asked for all services at once, when the
// first of them comes to a batch, and kept until the others have been there.
//
//   selections.note(*batch);                                   // it is committed
//   if (const auto picked = selections.of(service, *batch, until, asks)) …    // else ask about each event
//
// A service that is further behind asks by itself: what is remembered is the last `selections_max` batches on
// choosy topics.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "route/router.h"

namespace reel::broker {

/// Batches whose selections are kept: what a publisher may have unanswered, in small batches.
inline constexpr std::size_t selections_max = 256;
/// Of all of them together, events times the services that want them: 4 MB, and 80 bytes for each service and
/// batch. Beyond it services ask by themselves.
inline constexpr std::size_t selected_max = 1'000'000;
/// Patterns that must be asked whatever an event holds. Where a topic has more, services ask by themselves:
/// those that are there would ask for all that are not.
inline constexpr std::size_t asked_always_max = 64;

class Selections {
 public:
  explicit Selections(Router& router) : router_{router} {}

  void note(const StoredBatch& batch);

  struct Picked {
    std::span<const std::uint32_t> events;  ///< that the service wants, by index in the batch, ascending …
    std::uint32_t end = 0;                  ///< … of those before this index
  };
  /// Asks about events below `until` that nobody was asked about yet, as long as `asks_left` lasts, which
  /// counts down by the patterns asked. Nothing where the batch is not remembered, or somebody wants
  /// something else since. Only runs on topics about which the service is choosy are meant.
  [[nodiscard]] std::optional<Picked> of(ServiceIndex service, const StoredBatch& batch, std::uint32_t until,
                                         std::size_t& asks_left);

 private:
  struct Selection {
    Offset first_offset = 0;
    std::uint64_t revision = 0;  // of the router, when it was first asked about; 0: not yet
    std::size_t selected = 0;    // in `wanted`
    std::uint32_t end = 0;       // asked about below
    std::unordered_map<ServiceIndex, std::vector<std::uint32_t>> wanted;
  };
  using Place = std::deque<Selection>::iterator;
  void forget(Place place);
  void ask(Selection& selection, const StoredBatch& batch, std::uint32_t until, std::size_t& asks_left);

  Router& router_;
  std::deque<Selection> selections_;  // by first_offset
  std::size_t selected_ = 0;          // in all of them
};

}  // namespace reel::broker
