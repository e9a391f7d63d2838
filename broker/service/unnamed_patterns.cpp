#include "service/unnamed_patterns.h"

#include <algorithm>

namespace reel::broker {

void UnnamedPatterns::left(const std::string& service, const std::string& pattern, LogTime now) {
  services_[service].unnamed[pattern] = now;
}

void UnnamedPatterns::decided(const std::string& service, const std::string& pattern) {
  const auto found = services_.find(service);
  if (found != services_.end()) found->second.unnamed.erase(pattern);
}

void UnnamedPatterns::came(const std::string& service, LogTime now) {
  services_[service].came_at = now;
}

void UnnamedPatterns::gone(const std::string& service) {
  services_[service].came_at = 0;
}

LogTime UnnamedPatterns::came_at(const std::string& service) const {
  const auto found = services_.find(service);
  return found == services_.end() ? 0 : found->second.came_at;
}

bool UnnamedPatterns::all_have_come(const std::string& service, LogTime now) const {
  const auto found = services_.find(service);
  return found != services_.end() && found->second.came_at != 0 && now >= due(found->second, 0);
}

const std::map<std::string, LogTime>& UnnamedPatterns::of(const std::string& service) const {
  static const std::map<std::string, LogTime> none;
  const auto found = services_.find(service);
  return found == services_.end() ? none : found->second.unnamed;
}

LogTime UnnamedPatterns::due(const Service& service, LogTime left_at) const {
  return std::max(service.came_at, left_at) + grace_;
}

std::vector<std::string> UnnamedPatterns::take_due(LogTime now) {
  std::vector<std::string> services;
  for (auto& [name, service] : services_) {
    if (service.came_at == 0) continue;
    const auto over = [&, &of = service](const auto& unnamed) { return due(of, unnamed.second) <= now; };
    if (std::erase_if(service.unnamed, over) > 0) services.push_back(name);
  }
  return services;
}

std::optional<LogTime> UnnamedPatterns::next_deadline() const {
  std::optional<LogTime> next;
  for (const auto& [name, service] : services_) {
    if (service.came_at == 0) continue;
    for (const auto& [pattern, left_at] : service.unnamed) {
      const auto at = due(service, left_at);
      next = std::min(next.value_or(at), at);
    }
  }
  return next;
}

}  // namespace reel::broker
