#pragma once
#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>
#include "config/model.h"
#include "event/topic.h"
#include "journal/stored_batch.h"
#include "reel/v1/ledger.pb.h"
namespace reel::broker {
struct RouteResult {
  std::vector<std::size_t> services;
  std::uint32_t listeners = 0;
};
class Router {
 public:
  explicit Router(const std::vector<config::Route>&) {}
  void subscribe(std::size_t s, const std::vector<v1::Pattern>& p, bool listener) {
    subs_[s] = {p, listener};
    cache_.clear();
  }
  void unsubscribe(std::size_t s) {
    subs_.erase(s);
    cache_.clear();
  }
  const RouteResult& route(std::string_view topic) const {
    auto it = cache_.find(topic);
    if (it != cache_.end()) return it->second;
    RouteResult r;
    for (auto& [s, sub] : subs_)
      for (auto& p : sub.first)
        if (matches(p.pattern(), topic)) {
          r.services.push_back(s);
          r.listeners += sub.second;
          break;
        }
    return cache_[std::string{topic}] = r;
  }
  void derive(StoredBatch&) {}

 private:
  std::map<std::size_t, std::pair<std::vector<v1::Pattern>, bool>> subs_;
  mutable std::map<std::string, RouteResult, std::less<>> cache_;
};
}  // namespace reel::broker
