// Routing: which services an event goes to, and which further events it gives rise to.
//
//   Router router{model};
//   router.subscribe(payments, {"order.placed", "refund.>"});
//   router.derive(admitted.journal, admitted.live);                 // routes of the configuration
//   for (const auto service : router.route(run.topic).services) …   // once per run
//
// What a topic's events lead to is worked out once per topic and kept until a subscription changes. Sans-IO;
// owned by one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/model.h"
#include "event/batch.h"
#include "event/topic.h"
#include "journal/stored_batch.h"

namespace reel::broker {

/// A service as the broker numbers them.
using ServiceIndex = std::size_t;

/// Events that one event may give rise to through routes. Chains of routes that fan out multiply; a
/// configuration that means this many has made a mistake.
inline constexpr std::size_t derived_per_event_max = 64;

/// Topics whose result is kept. Admitted topics are those of the configuration; journals of other days may
/// hold more.
inline constexpr std::size_t routed_topics_max = 65'536;

/// A route as seen from its `from`.
struct Derivation {
  std::string to;
  bool durable = true;
};

struct RouteResult {
  /// Subscribed to the topic: ascending, each once.
  std::vector<ServiceIndex> services;
  /// What each event of the topic gives rise to directly; those may have routes of their own.
  std::vector<Derivation> derivations;
};

class Router {
 public:
  /// Throws std::invalid_argument where routes run in a circle or one event would give rise to more than
  /// derived_per_event_max others. Checking the configuration has ruled out the first.
  explicit Router(const config::Model& model);

  /// From here on `service` wants what these patterns match, and nothing else. They must have passed
  /// check_pattern.
  void subscribe(ServiceIndex service, std::span<const std::string> patterns);
  /// It wants nothing.
  void unsubscribe(ServiceIndex service);

  /// Where events on `topic` go. The reference is good until the next call that is not const.
  [[nodiscard]] const RouteResult& route(std::string_view topic);

  /// Appends to these two halves of an admitted batch what routes derive from their events, each to the half
  /// that its topic belongs to. A derived event is the event that caused it, payload and all, with an id made
  /// from its cause, so that doing it twice makes the same event.
  void derive(StoredBatch& journal, StoredBatch& live) const;

 private:
  class Deriver;
  struct NameHash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  template <typename Value>
  using ByTopic = std::unordered_map<std::string, Value, NameHash, std::equal_to<>>;

  std::size_t count_derived(const std::string& from, std::size_t depth) const;

  ByTopic<std::vector<Derivation>> derivations_;
  TopicTrie trie_;
  std::map<ServiceIndex, std::vector<std::string>> patterns_;
  ByTopic<RouteResult> results_;
};

}  // namespace reel::broker
