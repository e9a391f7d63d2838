// Which of many open claims a B may be for: by a value that A had and B must have.
//
//   lookup.add(index, wanted_by(rule, claim.values));             // each claim of the rule once, in their
//   order for (const auto& found : lookup.find(said_by(rule, b), is_open)) …     // oldest first
//
// What is found is asked all the same, since different values may have one hash. In memory only, and only
// where a queue is long (looked_up_from): it is made when it is first needed, from the claims.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <unordered_map>
#include <vector>

namespace reel::tracker {

/// Weight of a queue (ClaimQueue::weight) from which B is looked up and the queue not walked. Flows that stay
/// packed have less (flow_table.h): they would make it anew for each event.
inline constexpr std::uint32_t looked_up_from = 512;

/// A value that counts for a claim, as a hash; of an item also where in the claim's values it stands.
struct Wanted {
  std::uint64_t key = 0;
  std::uint32_t item_at = 0;
};

class Lookup {
 public:
  /// A claim, and which of its items a B may be for; empty: it is not known by its items.
  using Found = std::map<std::uint32_t, std::vector<std::uint32_t>>;

  /// Claims from this one on are not in it yet.
  [[nodiscard]] std::uint32_t end() const { return end_; }

  void add(std::uint32_t claim, std::span<const Wanted> wanted) {
    end_ = claim + 1;
    for (const auto& [key, item_at] : wanted) places_[key].push_back({claim, item_at});
  }

  /// Forgets the claims that it comes across and that are not open any more.
  template <typename IsOpen>
  [[nodiscard]] Found find(std::span<const std::uint64_t> keys, const IsOpen& is_open) {
    Found found;
    for (const std::uint64_t key : keys) {
      const auto places = places_.find(key);
      if (places == places_.end()) continue;
      std::erase_if(places->second, [&](const Place& place) { return !is_open(place.claim); });
      for (const auto& [claim, item_at] : places->second) {
        auto& items = found[claim];
        if (item_at != 0) items.push_back(item_at);
      }
      if (places->second.empty()) places_.erase(places);
    }
    return found;
  }

 private:
  struct Place {
    std::uint32_t claim;
    std::uint32_t item_at;
  };
  std::unordered_map<std::uint64_t, std::vector<Place>> places_;
  std::uint32_t end_ = 0;
};

}  // namespace reel::tracker
