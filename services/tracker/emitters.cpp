#include "tracker/emitters.h"

#include <algorithm>

namespace reel::tracker {

std::string_view service_of(std::string_view source) {
  const std::size_t slash = source.find('/');
  // "https://shop.example/web" and "/dev/door" are names of their own, not instances of a service.
  const bool uri = slash == 0 || (slash != std::string_view::npos && source[slash - 1] == ':');
  return uri ? source : source.substr(0, slash);
}

void Emitters::learn(Name topic, Name source) {
  if (topic >= by_topic_.size()) by_topic_.resize(topic + std::size_t{1});
  Known& known = by_topic_[topic];
  known.latest = source;
  const std::string_view service = service_of(names_.text(source));
  if (known.services.size() == emitters_per_topic_max) return;
  if (std::find(known.services.begin(), known.services.end(), service) == known.services.end())
    known.services.emplace_back(service);
}

std::vector<std::string> Emitters::of(Name topic) const {
  return topic < by_topic_.size() ? by_topic_[topic].services : std::vector<std::string>{};
}

}  // namespace reel::tracker
