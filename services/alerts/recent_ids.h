// The newest ids of something, as many as fit: what was told already. Not for several threads.
#pragma once

#include <cstddef>
#include <deque>
#include <set>
#include <string>
#include <string_view>

namespace reel::alerts {

/// As many incidents as can be open at a time; about 1 MB.
inline constexpr std::size_t recent_ids_max = 10'000;

class RecentIds {
 public:
  explicit RecentIds(std::size_t most = recent_ids_max) : most_{most} {}

  [[nodiscard]] bool contains(std::string_view id) const { return ids_.contains(id); }
  void add(std::string_view id) {
    if (!ids_.emplace(id).second) return;
    order_.emplace_back(id);
    if (order_.size() <= most_) return;
    ids_.erase(order_.front());
    order_.pop_front();
  }

 private:
  std::size_t most_;
  std::set<std::string, std::less<>> ids_;
  std::deque<std::string> order_;
};

}  // namespace reel::alerts
