#include "tracker/emitters.h"

#include <algorithm>

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

// Where there are too many, the one that was seen longest ago makes room.
void Emitters::learn(Name topic, Name source, std::uint64_t at) {
  Known& of_topic = known(topic);
  auto& emitters = of_topic.emitters;
  const std::string_view service = service_of(names_.text(source));
  auto place = std::find_if(emitters.begin(), emitters.end(),
                            [&](const Emitter& emitter) { return emitter.service == service; });
  if (place == emitters.end()) {
    if (emitters.size() < emitters_per_topic_max) emitters.emplace_back();
    const auto seen_before = [](const Emitter& one, const Emitter& other) {
      return one.seen_at < other.seen_at;
    };
    place = std::min_element(emitters.begin(), emitters.end(), seen_before);
    *place = {.service = std::string{service}};
  }
  of_topic.latest = source;
  of_topic.place = static_cast<std::size_t>(place - emitters.begin());
  note(topic, *place, at);
}

void Emitters::load(Name topic, const stored::Emitters& services, std::uint64_t at) {
  auto& emitters = known(topic).emitters;
  for (int i = 0; i < services.services_size() && emitters.size() < emitters_per_topic_max; ++i) {
    // It may have been seen since, until it would have been saved again.
    const std::uint64_t saved_at = i < services.seen_at_size() ? services.seen_at(i) : at;
    const std::uint64_t seen_at = std::max(saved_at, std::min(saved_at + emitters_saved_every, at));
    emitters.push_back({.service = services.services(i), .seen_at = seen_at, .saved_at = saved_at});
  }
}

std::vector<std::string> Emitters::of(Name topic) const {
  std::vector<std::string> services;
  if (topic >= by_topic_.size()) return services;
  for (const Emitter& emitter : by_topic_[topic].emitters) {
    if (emitter.seen_at >= forgotten_before_) services.push_back(emitter.service);
  }
  return services;
}

stored::Emitters Emitters::to_store(Name topic) const {
  stored::Emitters services;
  for (const Emitter& emitter : by_topic_[topic].emitters) {
    services.add_services(emitter.service);
    services.add_seen_at(emitter.seen_at);
  }
  return services;
}

}  // namespace reel::tracker
