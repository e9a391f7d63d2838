// routes: which topics derive events on which. Routes that run in a circle would multiply an event for ever,
// so the one that closes a circle is refused.
#include <algorithm>
#include <map>

#include "config/pattern_value.h"
#include "config/sections.h"

namespace reel::config {
namespace {

// A thousand derived topics are more than a map of services can show; it also bounds the search for circles,
// which looks at all earlier routes for each.
constexpr std::size_t routes_max = 1'000;
// Topics named of a circle; what is left out of a longer one stands in its middle.
constexpr std::size_t shown_topics_max = 8;

using Followers = std::map<std::string, std::vector<std::string>>;

// The topics from `from` to `to` along routes, both included; none where no way leads there.
std::vector<std::string> way(const Followers& followers, const std::string& from, const std::string& to) {
  std::map<std::string, std::string> came_from{{from, ""}};
  std::vector<std::string> queue{from};
  for (std::size_t i = 0; i < queue.size() && !came_from.contains(to); ++i) {
    const auto next = followers.find(queue[i]);
    if (next == followers.end()) continue;
    for (const auto& topic : next->second) {
      if (came_from.emplace(topic, queue[i]).second) queue.push_back(topic);
    }
  }
  if (!came_from.contains(to)) return {};
  std::vector<std::string> topics;
  for (auto topic = to; !topic.empty(); topic = came_from.at(topic)) topics.push_back(topic);
  std::reverse(topics.begin(), topics.end());
  return topics;
}

std::string arrows(std::vector<std::string> topics) {
  if (topics.size() > shown_topics_max) {
    topics.erase(topics.begin() + shown_topics_max / 2, topics.end() - shown_topics_max / 2);
    topics.insert(topics.begin() + shown_topics_max / 2, "...");
  }
  std::string text;
  for (const auto& topic : topics) text += (text.empty() ? "" : " -> ") + topic;
  return text;
}

void check_route(const Route& route, const Value& to, const Followers& followers, const Loading& loading) {
  const auto& from_topic = loading.model.topics.find(route.from);
  const auto& to_topic = loading.model.topics.find(route.to);
  if (route.from == route.to) return to.refuse("route leads from '" + route.from + "' to itself");

  if (from_topic != loading.model.topics.end() && to_topic != loading.model.topics.end()) {
    const auto& from_type = from_topic->second.type;
    const auto& to_type = to_topic->second.type;
    if (!from_type.empty() && !to_type.empty() && from_type != to_type) {
      to.refuse("route changes the type from " + shown(from_type) + " ('" + route.from + "') to " +
                shown(to_type) + " ('" + route.to + "'), a route keeps it");
    }
  }
  const auto known = followers.find(route.from);
  if (known != followers.end() && std::count(known->second.begin(), known->second.end(), route.to) > 0)
    return to.refuse("route from '" + route.from + "' to '" + route.to + "' is given twice");

  auto circle = way(followers, route.to, route.from);
  if (circle.empty()) return;
  circle.push_back(route.to);
  to.refuse("route cycle: " + arrows(std::move(circle)));
}

}  // namespace

const google::protobuf::Descriptor* type_of(const std::string& topic, const Loading& loading) {
  const auto found = loading.model.topics.find(topic);
  if (found == loading.model.topics.end() || !loading.find_type) return nullptr;
  return loading.find_type(found->second.type);
}

void read_routes(Section& root, Loading& loading) {
  Followers followers;
  const auto items = root.list("routes");
  if (items.size() > routes_max)
    return items[routes_max].refuse("more than " + std::to_string(routes_max) + " routes");
  for (const auto& item : items) {
    auto section = item.section();
    const auto when = section.find("when");
    const auto from = section.need("from");
    const auto to = section.need("to");
    const auto before = loading.problems.count();
    const auto from_name = from ? read_topic_name(*from, loading) : std::nullopt;
    const auto to_name = to ? read_topic_name(*to, loading) : std::nullopt;
    if (!from_name || !to_name) continue;

    Route route{*from_name, *to_name, {}, item.place()};
    if (when) route.when = read_pattern(*when, type_of(route.from, loading)).value_or("");
    if (loading.problems.count() == before) check_route(route, *to, followers, loading);
    // A route that is refused is not walked by later ones: one circle is one problem.
    if (loading.problems.count() == before) followers[route.from].push_back(route.to);
    loading.model.routes.push_back(std::move(route));
  }
}

}  // namespace reel::config
