// What the naive broker's services want: what their instances name, and for a while what nobody names any
// more.
#include <algorithm>

#include "dispatch/backoff.h"
#include "event/topic.h"
#include "naive_broker.h"

namespace reel::broker::test {

bool NaiveBroker::names_topic(const Service& service, const std::string& topic) {
  return std::any_of(service.patterns.begin(), service.patterns.end(),
                     [&](const auto& pattern) { return matches(pattern.first, topic); });
}

bool NaiveBroker::wants(const Service& service, const Event& event, Place place) {
  const bool named = std::any_of(service.patterns.begin(), service.patterns.end(), [&](const auto& pattern) {
    return matches(pattern.first, event.topic) && place >= pattern.second;
  });
  return named && (service.subject.empty() || service.subject == event.subject);
}

// Until somebody names its pattern nothing of it need be handed over; what failed is tried again all the
// same.
bool NaiveBroker::held_back(const Service& service, const Owed& owed) const {
  if (owed.kind != v1::REDELIVERY_NONE || owed.attempt > 1) return false;
  return std::none_of(service.patterns.begin(), service.patterns.end(), [&](const auto& pattern) {
    return matches(pattern.first, log[owed.place].topic) && owed.place >= pattern.second &&
           !service.unnamed.contains(pattern.first);
  });
}

// Whoever was on the way.
bool NaiveBroker::all_have_come(const Service& service) const {
  const auto grace = 6 * nanoseconds_of(model_.broker.service_timeout);
  return service.came_at != 0 && service.came_at + grace <= now;
}

// What it names; a pattern that is new begins there.
void NaiveBroker::wish(Service& service, const Instance& instance, Place beginning) {
  for (const auto& pattern : instance.names) {
    service.patterns.try_emplace(pattern, beginning);
    service.unnamed.erase(pattern);
  }
  if (service.came_at == 0) service.came_at = now;
}

void NaiveBroker::named_no_more(Service& service, const Instance& instance) const {
  for (const auto& pattern : instance.names) {
    const bool named = std::any_of(service.instances.begin(), service.instances.end(),
                                   [&](const Instance& other) { return other.names.contains(pattern); });
    if (!named) service.unnamed[pattern] = now;
  }
  if (service.instances.empty()) service.came_at = 0;
}

void NaiveBroker::withdraw_unnamed(Service& service) {
  if (service.came_at == 0) return;
  const auto grace = 6 * nanoseconds_of(model_.broker.service_timeout);
  const auto unnamed = service.unnamed;
  for (const auto& [pattern, left_at] : unnamed) {
    if (std::max(service.came_at, left_at) + grace <= now) withdraw(service, pattern);
  }
}

void NaiveBroker::withdraw(Service& service, const std::string& pattern) {
  service.patterns.erase(pattern);
  service.unnamed.erase(pattern);
  for (const auto& owed : service.line) {
    if (!wants(service, log[owed.place], owed.place)) service.withdrawn.insert(owed.place);
  }
  for (const auto& [key, places] : service.parked) {
    for (const auto place : places) {
      if (!wants(service, log[place], place)) service.withdrawn.insert(place);
    }
  }
}

}  // namespace reel::broker::test
