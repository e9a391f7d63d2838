#include "tracker/emitters.h"

#include <algorithm>
#include <utility>

namespace reel::tracker {

std::string_view service_of(std::string_view source) {
  const std::size_t slash = source.find('/');
  // "https://shop.example/web" and "/dev/door" are names of their own, not instances of a service.
  const bool uri = slash == 0 || (slash != std::string_view::npos && source[slash - 1] == ':');
  return uri ? source : source.substr(0, slash);
}

Emitters::Known& Emitters::known(Name topic) {
  if (topic >= by_topic_.size()) by_topic_.resize(topic + std::size_t{1});
  return by_topic_[topic];
}

void Emitters::learn(Name topic, Name source) {
  Known& of_topic = known(topic);
  of_topic.latest = source;
  auto& services = of_topic.services;
  const std::string_view service = service_of(names_.text(source));
  if (services.size() == emitters_per_topic_max) return;
  if (std::find(services.begin(), services.end(), service) != services.end()) return;
  services.emplace_back(service);
  changed_.push_back(topic);
}

void Emitters::load(Name topic, std::vector<std::string> services) {
  known(topic).services = std::move(services);
}

std::vector<std::string> Emitters::of(Name topic) const {
  return topic < by_topic_.size() ? by_topic_[topic].services : std::vector<std::string>{};
}

}  // namespace reel::tracker
